"""A number of changes that all processes of a host see, in a small mapped file: reading it costs no system call."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from pathlib import Path

CELL = struct.Struct("=Qd")


class Version:
    """(number of changes, second of the machine's clock until which one may be in flight); 0.0 where none is."""

    def __init__(self, file: Path) -> None:
        self.descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self.descriptor, CELL.size)
        self.map = mmap.mmap(self.descriptor, CELL.size)

    def is_at(self, cell: bytes) -> bool:
        """Does it still say what this cell says?"""
        return self.map[:16] == cell

    def read(self) -> tuple[int, float]:
        """The count, and the second until which a change may be in flight."""
        count, dirty_until = CELL.unpack(self.map[: CELL.size])
        return count, dirty_until

    def write(self, counted: int, dirty_until: float, instead_of: float | None = None) -> None:
        """Count up by `counted` and say until when a change may be in flight.

        With `instead_of` only where that is what it says: if it is not, another change has begun, and stays in flight.
        """
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        try:
            count, dirty = self.read()
            kept = dirty if instead_of not in (None, dirty) else dirty_until
            self.map[: CELL.size] = CELL.pack(count + counted, kept)
        finally:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
