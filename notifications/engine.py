"""The engine: from a change (before, after) to the notices that somebody wants, each of them once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, models
from django.db.models.base import ModelState

from notifications import duplicates, interest, outbox, planning, plans, recipients
from notifications.event import Due, Event, marked, of
from notifications.interest import Wish
from notifications.matching import Match
from notifications.models import Notice

log = logging.getLogger(__name__)

FINGERPRINT_VERSION = 1
Change = tuple[Any, Any]


class Said:
    """What is told of the changes that are gone through: everybody reads the same, so it is put together once."""

    def __init__(self) -> None:
        self.words: dict[tuple[str, int, str, bool], tuple[str, str]] = {}
        self.notices: dict[tuple[str, int, str, bool, datetime | None], Notice] = {}

    def of(self, event: Event, thing: Any, due: Due, gone: bool) -> tuple[str, str]:
        """The text and the link."""
        change = (event.key, id(thing), due.words, gone)
        if change not in self.words:
            link = "" if gone else getattr(thing, "get_absolute_url", str)()
            self.words[change] = event.text(thing, due.words), link
        return self.words[change]

    def notice(self, event: Event, thing: Any, due: Due, gone: bool, now: datetime) -> Notice:
        """A notice that lacks but its recipient and why they get it: see `_copy`."""
        change = (event.key, id(thing), due.words, gone, due.at)
        if change not in self.notices:
            text, link = self.of(event, thing, due, gone)
            kind = ContentType.objects.get_for_model(thing)
            about = {"event": event.key, "object_type": kind, "object_id": thing.pk, "tone": event.tone}
            self.notices[change] = Notice(**about, text=text, link=link, due_at=due.at or now, created_at=now)
        return self.notices[change]


@dataclass(slots=True)
class Wanted:
    """One notice that is wanted, by one recipient, and the subscriptions that ask for it."""

    event: Event
    thing: models.Model
    due: Due
    recipient: models.Model
    why: list[int] = field(default_factory=list)
    channels: frozenset[str] = interest.DEFAULTS
    escalate_after: int | None = None
    gone: bool = False
    again: bool = False  # it may well have been told already

    @classmethod
    def by(
        cls, wish: Wish, event: Event, thing: models.Model, due: Due, person: models.Model, *, gone: bool = False
    ) -> Wanted:
        """What one subscription asks for."""
        return cls(event, thing, due, person, [wish.pk], wish.channels, wish.escalate_after, gone)

    def join(self, other: Wanted) -> None:
        """The same is wanted by another subscription, too: by its channels as well, and as soon as either says."""
        self.why += other.why
        self.channels |= other.channels
        self.escalate_after = min(filter(None, (self.escalate_after, other.escalate_after)), default=None)

    def letter(self, mark: str, now: datetime, said: Said) -> outbox.Letter:
        """What goes into the outbox under its fingerprint; `said` is what was told to others of the same change."""
        return outbox.Letter(self.notice(mark, now, said), self.recipient, self.channels)

    def fingerprint(self) -> str:
        """What makes this notice unique: its event, object, recipient and occurrence, never its words or the clock."""
        of_object = (self.event.of, self.thing.pk)
        to = (self.recipient._meta.label, self.recipient.pk)
        marks = marked([FINGERPRINT_VERSION, self.event.key, of_object, to, self.due.marks])
        return hashlib.sha256(marks.encode()).hexdigest()

    def notice(self, mark: str, now: datetime, said: Said) -> Notice:
        """The row to write."""
        notice, wait = _copy(said.notice(self.event, self.thing, self.due, self.gone, now)), self.escalate_after
        notice.fingerprint, notice.why = mark, self.why
        notice.recipient_type_id = ContentType.objects.get_for_model(self.recipient).pk
        notice.recipient_id = self.recipient.pk
        if wait is not None:
            notice.escalate_after, notice.escalate_at = wait, notice.due_at + timedelta(minutes=wait)
        return notice


def _copy(notice: Notice) -> Notice:
    """Another notice like this one, neither of them saved; Python's own copy takes several times as long."""
    other = Notice.__new__(Notice)
    other.__dict__.update(notice.__dict__, _state=ModelState())
    return other


def consider(changes: Sequence[Change], now: datetime) -> int:
    """Write the notices that these changes call for, in the caller's transaction; how many were new.

    What is to be told later, unless it changes again, is planned or not planned any more.
    """
    # Who is meant is asked once for all changes: a tower that fails brings hundreds of outages in one call.
    meant, said = recipients.Meant(), Said()
    count = write((one for before, after in changes for one in _wanted(before, after, now, meant, said)), now, said)
    plans.reconcile(changes, now)
    planning.moved(changes, now)
    return count


def write(wanted: Iterable[Wanted], now: datetime, said: Said | None = None) -> int:
    """Write these notices in the caller's transaction, each once, with all the reasons for it; how many were new."""
    said = said or Said()
    unique: dict[str, Wanted] = {}
    for one in wanted:
        known = unique.setdefault(one.fingerprint(), one)
        if known is not one:
            known.join(one)
    refused: set[str] = set()
    count = outbox.post([one.letter(mark, now, said) for mark, one in unique.items()], now, refused)
    if refused:
        told = (unique[mark] for mark in refused)
        consider(duplicates.count((one.event.key for one in told if not one.again), now), now)
    return count


def wanted(label: str) -> bool:
    """Does anybody want any event of this model? Bulk changes ask this before they gather before and after."""
    return interest.wanted(label)


def _wanted(before: Any, after: Any, now: datetime, meant: recipients.Meant, said: Said) -> Iterable[Wanted]:
    thing = after if after is not None else before
    if not interest.wanted(thing._meta.label):
        return
    match = Match(thing, now)
    for event, wishes, off in match.wishes([event for event in of(thing._meta.label) if event.when is not None]):
        dues = ((wish, _due(event, before, after, wish, said)) for wish in wishes)
        found = [(wish, due) for wish, due in dues if due is not None and match.has_tags_for(wish)]
        people = meant.by(wish.recipient for wish, _ in found)
        for wish, due in found:
            told = (person for person in people[wish.recipient] if match.is_told(event, person, wish, off))
            yield from (Wanted.by(wish, event, thing, due, one, gone=after is None) for one in told)


def _due(event: Event, before: Any, after: Any, wish: Wish, said: Said) -> Due | None:
    """What one subscription wants to hear of a change, if anything.

    One that cannot be judged, or put into words, is written to the log: it must not keep the change from being saved.
    """
    try:
        due = event.due(before, after, wish.asked)
        if due is not None:
            said.of(event, before if after is None else after, due, after is None)
    except DatabaseError:
        raise
    except Exception:
        log.exception("%s could not be told by the subscription %s", event.key, wish.pk)
        return None
    return due
