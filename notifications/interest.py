"""Events of interest: who wants what, in this process's memory, under a version that all processes of a host see.

The version is a counter in a small mapped file. A change of a subscription marks the file dirty before its commit and
counts up after it. While the file is dirty everybody asks the database, so a crash (or a roll-back) in between costs
time, for as long as `DIRTY_SECONDS`, and never the truth.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

DIRTY_SECONDS = 60.0
CELL = struct.Struct("=Qd")
Scope = tuple[int, int]
Mutes = dict[Scope, dict[int, datetime | None]]


@dataclass(frozen=True, slots=True)
class Wish:
    """One subscription as the engine needs it."""

    pk: int
    event: str
    recipient: tuple[str, str]
    asked: dict[str, Any]
    off: bool = False
    tags_in: frozenset[str] = frozenset()
    tags_out: frozenset[str] = frozenset()


@dataclass(slots=True)
class Wishes:
    """The subscriptions of one event: to all objects of its kind, and to single ones by (content type, pk)."""

    to_all: list[Wish] = field(default_factory=list)
    to_one: dict[Scope, list[Wish]] = field(default_factory=lambda: defaultdict(list))


class Version:
    """(number of changes, dirty until) in a mapped file: reading it costs no system call."""

    def __init__(self) -> None:
        self.descriptor = os.open(settings.VAR / "interest", os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self.descriptor, CELL.size)
        self.map = mmap.mmap(self.descriptor, CELL.size)

    def read(self) -> tuple[int, float]:
        """The count and the epoch second until which a change may be in flight."""
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


class Memory:
    """What this process knows of everybody's interest."""

    def __init__(self) -> None:
        self.version: Version | None = None
        self.count = -1
        self.by_event: dict[str, Wishes] = {}
        self.labels: frozenset[str] = frozenset()
        self.mutes: Mutes = {}
        self.lock = threading.Lock()

    def refresh(self) -> None:
        """Load the subscriptions again if any process changed one since."""
        if self.version is None:
            self.version = Version()
        if self.version.read() == (self.count, 0.0):
            return
        # One thread at a time: one that began earlier and ends later would put old wishes under a new count.
        with self.lock:
            count, dirty_until = self.version.read()
            dirty = time.time() < dirty_until
            self.load()
            # A change that was in flight may not have been seen: the next question loads again.
            self.count = -1 if dirty else count
            if dirty_until and not dirty:
                self.version.write(1, 0.0, instead_of=dirty_until)

    def load(self) -> None:
        """Read every subscription and mute; a subscription that names no declared event is left aside."""
        from notifications.events import declared
        from notifications.models import Mute, Subscription

        by_event: dict[str, Wishes] = defaultdict(Wishes)
        rows = Subscription.objects.values_list(
            "pk", "event", "recipient_kind", "recipient_key", "object_type_id", "object_id", "asked", "off", "tags_in",
            "tags_out",
        )  # fmt: skip
        told = set()
        for pk, key, kind, who, type_id, object_id, asked, off, *tags in rows.iterator(chunk_size=5000):
            wish = Wish(pk, key, (kind, who), asked, off, *(frozenset(map(str.casefold, names)) for names in tags))
            if not off:
                told.add(key)
            place = by_event[key]
            (place.to_all if object_id is None else place.to_one[type_id, object_id]).append(wish)
        self.by_event = {key: wishes for key, wishes in by_event.items() if key in declared()}
        self.labels = frozenset(declared()[key].of for key in told & self.by_event.keys())
        mutes: Mutes = defaultdict(dict)
        for type_id, object_id, user, until in Mute.objects.values_list("object_type_id", "object_id", "user", "until"):
            mutes[type_id, object_id][user] = until
        self.mutes = dict(mutes)


_memory = Memory()


def wanted(label: str) -> bool:
    """Does anybody want any event of this model ("outages.Incident")? Costs no query while nothing has changed."""
    _memory.refresh()
    return label in _memory.labels


def wishes(event: str) -> Wishes | None:
    """Who wants this event, as `wanted` last saw it."""
    return _memory.by_event.get(event)


def mutes() -> Mutes:
    """Who hears nothing of which object until when, as `wanted` last saw it."""
    return _memory.mutes


@contextmanager
def changing() -> Iterator[None]:
    """Wrap a change of subscriptions: every process sees it with its very next save after the commit."""
    if _memory.version is None:
        _memory.version = Version()
    version, until = _memory.version, time.time() + DIRTY_SECONDS
    version.write(0, until)
    with transaction.atomic():
        yield
        transaction.on_commit(lambda: version.write(1, 0.0, instead_of=until))
