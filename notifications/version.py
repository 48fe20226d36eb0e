"""A number of changes that all processes of a host see, in a small mapped file: reading it costs no system call."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from pathlib import Path

CELL = struct.Struct("=Qd")
# Behind the cell, for those who write: until when each change that is in flight may be so; 0.0 where there is none.
FLYING = struct.Struct("=64d")
DIRTY_SECONDS = 60.0


class Version:
    """(number of changes, second of the machine's clock until which one may be in flight); 0.0 where none is."""

    def __init__(self, file: Path) -> None:
        self.descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self.descriptor, CELL.size + FLYING.size)
        self.map = mmap.mmap(self.descriptor, CELL.size + FLYING.size)

    def is_at(self, cell: bytes) -> bool:
        """Does it still say what this cell says?"""
        return self.map[:16] == cell

    def read(self) -> tuple[int, float]:
        """The count, and the second until which a change may be in flight."""
        count, dirty_until = CELL.unpack(self.map[: CELL.size])
        return count, dirty_until

    def write(self, counted: int, dirty_until: float, instead_of: float | None = None) -> None:
        """Count up by `counted` and say until when a change may be in flight (0.0: none is).

        With `instead_of` only the change ends that said so: others that have begun stay in flight.
        """
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        try:
            flying = [one for one in FLYING.unpack(self.map[CELL.size :]) if one]
            if dirty_until:
                # What is so far off was never ended, or is of before the machine was started anew.
                flying = [one for one in flying if abs(dirty_until - one) < DIRTY_SECONDS] + [dirty_until]
            else:
                flying = [one for one in flying if instead_of not in (None, one)]
            flying = sorted(flying)[-64:]
            self.map[CELL.size :] = FLYING.pack(*flying, *[0.0] * (64 - len(flying)))
            self.map[: CELL.size] = CELL.pack(self.read()[0] + counted, max(flying, default=0.0))
        finally:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
