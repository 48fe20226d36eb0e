"""The engine: from a change (before, after) to the notices that somebody wants, each of them once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models

from notifications import interest, outbox, plans, recipients
from notifications.event import Due, Event, of
from notifications.interest import Wish
from notifications.matching import Match
from notifications.models import Notice

FINGERPRINT_VERSION = 1
Change = tuple[Any, Any]


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

    @classmethod
    def by(cls, wish: Wish, event: Event, thing: models.Model, due: Due, person: models.Model) -> Wanted:
        """What one subscription asks for."""
        return cls(event, thing, due, person, [wish.pk], wish.channels, wish.escalate_after)

    def join(self, other: Wanted) -> None:
        """The same is wanted by another subscription, too: by its channels as well, and as soon as either says."""
        self.why += other.why
        self.channels |= other.channels
        self.escalate_after = min(filter(None, (self.escalate_after, other.escalate_after)), default=None)

    def letter(self, now: datetime) -> outbox.Letter:
        """What goes into the outbox."""
        return outbox.Letter(self.notice(now), self.recipient, self.channels)

    def fingerprint(self) -> str:
        """What makes this notice unique: its event, object, recipient and occurrence, never its words or the clock."""
        of_object = (self.event.of, self.thing.pk)
        to = (self.recipient._meta.label, self.recipient.pk)
        marks = json.dumps([FINGERPRINT_VERSION, self.event.key, of_object, to, self.due.marks], default=str)
        return hashlib.sha256(marks.encode()).hexdigest()

    def notice(self, now: datetime) -> Notice:
        """The row to write."""
        link = "" if self.gone else getattr(self.thing, "get_absolute_url", str)()
        due_at, wait = self.due.at or now, self.escalate_after
        return Notice(
            fingerprint=self.fingerprint(),
            event=self.event.key,
            object_type=ContentType.objects.get_for_model(self.thing),
            object_id=self.thing.pk,
            recipient_type=ContentType.objects.get_for_model(self.recipient),
            recipient_id=self.recipient.pk,
            text=self.event.text(self.thing),
            link=link,
            tone=self.event.tone,
            why=self.why,
            due_at=due_at,
            created_at=now,
            escalate_after=wait,
            escalate_at=None if wait is None else due_at + timedelta(minutes=wait),
        )


def consider(changes: Sequence[Change], now: datetime) -> int:
    """Write the notices that these changes call for, in the caller's transaction; how many were new.

    What is to be told later, unless it changes again, is planned or not planned any more.
    """
    # Who is meant is asked once for all changes: a tower that fails brings hundreds of outages in one call.
    resolve = cache(recipients.resolve)
    count = write((one for before, after in changes for one in _wanted(before, after, now, resolve)), now)
    plans.reconcile(changes, now)
    return count


def write(wanted: Iterable[Wanted], now: datetime) -> int:
    """Write these notices in the caller's transaction, each once, with all the reasons for it; how many were new."""
    unique: dict[str, Wanted] = {}
    for one in wanted:
        known = unique.setdefault(one.fingerprint(), one)
        if known is not one:
            known.join(one)
    return outbox.post([one.letter(now) for one in unique.values()], now)


def wanted(label: str) -> bool:
    """Does anybody want any event of this model? Bulk changes ask this before they gather before and after."""
    return interest.wanted(label)


def _wanted(
    before: Any, after: Any, now: datetime, resolve: Callable[[str, str], list[models.Model]]
) -> Iterable[Wanted]:
    thing = after if after is not None else before
    if not interest.wanted(thing._meta.label):
        return
    match = Match(thing, now)
    for event, wishes, off in match.wishes([event for event in of(thing._meta.label) if event.when is not None]):
        for wish in wishes:
            due = event.due(before, after, wish.asked)
            if due is not None and match.has_tags_for(wish):
                told = (person for person in resolve(*wish.recipient) if match.is_told(event, person, wish, off))
                yield from (replace(Wanted.by(wish, event, thing, due, one), gone=after is None) for one in told)
