"""Events of interest: who wants what, in this process's memory, under a version that all processes of a host see.

A change of a subscription marks the version dirty before its commit, writes down in the same transaction what has
come and gone, and counts the version up after it. Who finds the version changed reads what was written since. While it
is dirty everybody asks the database, so a crash (or a roll-back) in between costs time, for as long as
`DIRTY_SECONDS`, and never the truth.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from notifications import hosts, stored
from notifications.gaps import missing
from notifications.index import Listeners, Place, Scope
from notifications.stored import DEFAULTS as DEFAULTS
from notifications.stored import Mutes
from notifications.stored import Wish as Wish
from notifications.version import CELL, DIRTY_SECONDS, Version

# So many rows are read again, to see whether one of them was rolled back meanwhile.
OVERLAP = 200
# What changes more subscriptions at once lets everybody read all of them again.
MANY = 500
MOST_KNOWN = 50_000
NONE_YET = (0, "")


def clock() -> float:
    """Seconds that all processes of this machine count alike, and that nobody sets."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Memory:
    """What this process knows of everybody's interest."""

    def __init__(self) -> None:
        self.version: Version | None = None
        self.ear: hosts.Ear | None = None
        self.clean = b""  # what the version says as long as nothing has changed
        self.last = NONE_YET  # the last change that was read: its number and its token
        self.seen: set[int] = set()
        self.missing: set[int] = set()  # on PostgreSQL a row may be committed after one with a higher number
        self.by_event: dict[str, Listeners] = {}
        self.labels: frozenset[str] = frozenset()
        self.known: dict[int, Wish] = {}
        self.mutes: Mutes = {}
        self.taken = 0  # how many changes were taken in
        self.lock = threading.Lock()

    def refresh(self) -> None:
        """Take in what any process has changed since."""
        version = self.version or self.begin()
        if version.is_at(self.clean) and (self.ear is None or not self.ear.has_news()):
            return
        # One thread at a time: one that began earlier and ends later would put old wishes under a new count.
        with self.lock:
            count, dirty_until = version.read()
            # One that is further off than a change may set was set before the machine was started anew.
            dirty = 0 < dirty_until - clock() <= DIRTY_SECONDS
            if self.ear is not None:
                self.ear.take()
            self.catch_up()
            # A change that was in flight may not have been seen: the next question reads again.
            self.clean = b"" if dirty else CELL.pack(count, 0.0)
            if dirty_until and not dirty:
                version.write(1, 0.0, instead_of=dirty_until)

    def begin(self) -> Version:
        """Find out where the others of this host, and of other hosts, say that something has changed."""
        self.version, self.ear = Version(settings.VAR / "interest"), hosts.ear()
        return self.version

    def catch_up(self) -> None:
        """Read what was changed since; everything where the last change is gone (rolled back, or long ago)."""
        from notifications.models import InterestChange

        low = self.last[0] - (OVERLAP if connection.vendor == "postgresql" else 0)
        found = InterestChange.objects.filter(Q(pk__gte=low) | Q(pk__in=self.missing))
        rows = list(found.order_by("pk")[: 4 * MANY])
        there, new = {row.pk for row in rows}, [row for row in rows if row.pk not in self.seen]
        # Where there was no change at all when everything was read, each is a new one.
        met = bool(self.by_event) and (self.last == NONE_YET or any((row.pk, row.token) == self.last for row in rows))
        met = met and all(pk in there for pk in self.seen if pk >= low)
        if not met or len(rows) == 4 * MANY or any(row.everything for row in new):
            self.load()
            return
        for row in new:
            self.apply(row.place, row.came)
        if any(row.place.event == "" for row in new):
            self.mutes = stored.mutes()
        if new:
            self.missing = self.missing - there | missing(there, self.last[0], rows[-1].pk, 4 * MANY)
            self.last = rows[-1].pk, rows[-1].token
            self.seen = {row.pk for row in rows[-2 * OVERLAP :]}
            self.labels = _labels(self.by_event)

    def apply(self, place: Place, came: bool) -> None:
        """Take one change in; a second time it changes nothing."""
        self.taken += 1
        self.known.pop(place.wish, None)
        for listeners in _heard(self.by_event, place.event):
            (listeners.add if came else listeners.remove)(place)

    def load(self) -> None:
        """Read every subscription and mute; a subscription that names no declared event is left aside."""
        from notifications.event import OPERATIONS, declared
        from notifications.models import InterestChange

        # First how far the changes go: what is committed meanwhile is read again, and changes nothing then.
        rows = list(InterestChange.objects.order_by("-pk").values_list("pk", "token")[: 4 * MANY])
        by_event = {key: Listeners() for key in declared()}
        heard = {key: _heard(by_event, key) for key in {*declared(), OPERATIONS}}
        for place in stored.places():
            for listeners in heard.get(place.event, ()):
                listeners.add(place)
        self.taken += 1
        self.by_event, self.known, self.mutes = by_event, {}, stored.mutes()
        self.labels = _labels(by_event)
        self.last, self.seen = (rows[0] if rows else NONE_YET), {pk for pk, _ in rows}
        self.missing = missing(self.seen, 0, self.last[0], 4 * MANY)

    def meet(self, events: Iterable[str], scopes: Iterable[Scope]) -> dict[str, list[Wish]]:
        """For each event the subscriptions that an object of these scopes meets; what they say is asked for once."""
        by_event, known = self.by_event, self.known
        met = {event: by_event[event].of(scopes) for event in events if event in by_event}
        # Each is looked up once: meanwhile another thread may read everything anew, and begin with nothing known.
        said = {key: known.get(key) for keys in met.values() for key in keys}
        if unknown := [key for key, wish in said.items() if wish is None]:
            said |= self.learn(unknown)
        return {event: [wish for key in keys if (wish := said[key]) is not None] for event, keys in met.items()}

    def read(self, keys: Iterable[int]) -> dict[int, Wish]:
        """What the database says of these subscriptions, by their keys."""
        return stored.wishes(keys)

    def learn(self, keys: Iterable[int]) -> dict[int, Wish]:
        """Read what these subscriptions say, by their keys; one that is gone is not among them."""
        taken = self.taken
        if len(self.known) > MOST_KNOWN:
            self.known = {}
        found = self.read(keys)
        with self.lock:
            # What was read before a change that has been taken in meanwhile is not kept.
            if self.taken == taken:
                self.known.update(found)
        return found


def _heard(by_event: dict[str, Listeners], event: str) -> list[Listeners]:
    """Where a subscription to an event is kept; one to several of them is with each."""
    from notifications.event import meant

    return [by_event[one.key] for one in meant(event) if one.key in by_event]


def _labels(by_event: dict[str, Listeners]) -> frozenset[str]:
    from notifications.event import declared, through

    asked = [key for key, listeners in by_event.items() if listeners.asking]
    return frozenset(declared()[key].of for key in asked).union(*map(through, asked))


_memory = Memory()


def wanted(label: str) -> bool:
    """Does anybody want any event of this model ("outages.Incident")? Costs no query while nothing has changed."""
    _memory.refresh()
    return label in _memory.labels


def anybody() -> bool:
    """Does anybody want anything at all?"""
    _memory.refresh()
    return bool(_memory.labels)


def meet(events: Iterable[str], scopes: Iterable[Scope]) -> dict[str, list[Wish]]:
    """Who wants each of these events of an object of these scopes, as `wanted` last saw it."""
    return _memory.meet(events, scopes)


def is_scoped(events: Iterable[str]) -> bool:
    """Does anybody want any of these events of single objects, so that it matters what an object belongs to?"""
    found = (_memory.by_event.get(event) for event in events)
    return any(listeners is not None and listeners.to_one for listeners in found)


def asks_for(events: Iterable[str]) -> bool:
    """Does anybody want any of these events, of whatever object?"""
    found = (_memory.by_event.get(event) for event in events)
    return any(listeners is not None and listeners.asking for listeners in found)


def mutes() -> Mutes:
    """Who hears nothing of which object until when, as `wanted` last saw it."""
    return _memory.mutes


class Changes:
    """What one change does to the subscriptions; more than a few let everybody read all of them again."""

    def __init__(self) -> None:
        self.rows: list[tuple[Place, bool]] = []
        self.everything = False

    def gone(self, places: Iterable[Place]) -> None:
        """These stood there before."""
        self.rows += [(place, False) for place in places]

    def came(self, places: Iterable[Place]) -> None:
        """These stand there now."""
        self.rows += [(place, True) for place in places]

    def write(self) -> None:
        """Write it down for the other processes."""
        from notifications.models import InterestChange

        token = secrets.token_hex(8)
        if self.everything or len(self.rows) > MANY:
            InterestChange.objects.create(token=token, everything=True)
        else:
            InterestChange.objects.bulk_create(InterestChange.of(place, came, token) for place, came in self.rows)


@contextmanager
def changing() -> Iterator[Changes]:
    """Wrap a change of subscriptions: every process sees it with its very next save after the commit."""
    version, until = _memory.version or _memory.begin(), clock() + DIRTY_SECONDS
    version.write(0, until)
    changes = Changes()
    with transaction.atomic():
        yield changes
        changes.write()
        hosts.tell()
        transaction.on_commit(lambda: version.write(1, 0.0, instead_of=until))


def forget(keep: int = 10_000) -> int:
    """Delete all but the last changes; who has not read so far reads everything anew. How many rows."""
    from notifications.models import InterestChange

    last = InterestChange.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return InterestChange.objects.filter(pk__lte=last - keep).delete()[0]
