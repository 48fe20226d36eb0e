"""Who hears what: of each event how many hear it, and by what; and where nobody would."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models

from notifications import hearing, outbox, recipients
from notifications.address import Reach
from notifications.channels.channel import is_quick
from notifications.duty import on_duty
from notifications.event import Event, declared, meant, offered
from notifications.hearing import Mark
from notifications.models import Notice, Subscription
from notifications.recipients import Recipient

NEVER_AFTER = timedelta(days=30)
MOST_SHOWN, LOOKED_AT = 200, 20_000


@dataclass(slots=True)
class Listening:
    """Of one event: who hears it of all objects, who of these by more than the inbox, and how many ask for some."""

    event: Event
    people: set[Any] = field(default_factory=set)
    reached: set[Any] = field(default_factory=set)
    of_some: int = 0

    @property
    def fault(self) -> str:
        """What is wrong, in words; nothing where somebody hears of every one by a channel that works."""
        if not self.people:
            return "Heard of some objects alone" if self.of_some else "Nobody hears of it"
        return "" if self.reached else "Nobody who hears of it has a working channel besides the inbox"


@dataclass(frozen=True, slots=True)
class Unfired:
    """A subscription that never told anybody anything."""

    row: Subscription
    event: Event
    who: str


def listening() -> list[Listening]:
    """Every event that can be subscribed to, in the order of declaration; the same few queries for any number."""
    found = {event.key: Listening(event) for event in declared().values() if event.is_offered and event.happens}
    rows = list(Subscription.objects.filter(event__in=declared(), object_id=None))
    people = recipients.resolve_all({row.recipient for row in rows if not row.off})
    off = _off(rows)
    works = _addresses({person for some in people.values() for person in some})
    for row in rows:
        if row.off:
            continue
        there = [person for person in people[row.recipient] if _hears(row, person, off)]
        for event in meant(row.event):
            if event.key in found:
                _count(found[event.key], row, there, works)
    for key, count in _of_some().items():
        for event in meant(key):
            if event.key in found:
                found[event.key].of_some += count
    return list(found.values())


def _of_some() -> dict[str, int]:
    """How many subscriptions there are to single objects, by event."""
    rows = Subscription.objects.filter(off=False, object_id__isnull=False).order_by()
    return dict(rows.values_list("event").annotate(count=models.Count("pk")))


def _count(one: Listening, row: Subscription, people: Iterable[Any], works: Mapping[Any, list[Reach]]) -> None:
    for person in people:
        one.people.add(person)
        channels = frozenset(row.channels) or frozenset({""})
        if any(not is_quick(address.channel) for address in outbox.chosen(channels, works.get(person, []))):
            one.reached.add(person)


def _off(rows: Iterable[Subscription]) -> dict[Recipient, frozenset[Mark]]:
    by_recipient: dict[Recipient, list[Subscription]] = {}
    for row in rows:
        if row.off:
            by_recipient.setdefault(row.recipient, []).append(row)
    return {recipient: hearing.marks(found) for recipient, found in by_recipient.items()}


def _hears(row: Subscription, person: Any, off: Mapping[Recipient, frozenset[Mark]]) -> bool:
    own = recipients.own(person)
    return own is None or hearing.reaches(row, off.get(own, frozenset()))


def _addresses(people: Iterable[Any]) -> dict[Any, list[Reach]]:
    """The addresses that work, by their owner; the same few queries for any number."""
    owners = {(ContentType.objects.get_for_model(person).pk, person.pk): person for person in people}
    found: dict[Any, list[Reach]] = {}
    for address in recipients.reached(owners.values()):
        found.setdefault(owners[address.owner_type_id, address.owner_id], []).append(address)
    return found


def unreached_on_duty(now: datetime) -> list[tuple[str, Any]]:
    """Who is called at this moment, first or second, and has no working channel besides the inbox: (as which, whom)."""
    duty = on_duty.at(now)
    ranked = [("called first" if one in duty.first else "called second", one) for one in duty.in_order]
    called = ranked or [("nobody is on duty", one) for one in on_duty.last_resort()]
    roads = on_duty.roads(person for _, person in called)
    return [(words, person) for words, person in called if not roads[person.pk]]


def never_fired(now: datetime) -> list[Unfired]:
    """Subscriptions of a month and more by which nothing was told as far as notices are kept; at most 200, the oldest.

    Only the newest notices are looked at: of a subscription that told something long ago nothing is left anyway.
    """
    rows = Subscription.objects.filter(off=False, event__in=offered(), created_at__lt=now - NEVER_AFTER)
    if not rows.exists():
        return []
    reasons = Notice.objects.filter(event__in=declared()).order_by("-pk").values_list("why", flat=True)[:LOOKED_AT]
    told = {pk for why in reasons for pk in why}
    silent = (row for row in rows.order_by("created_at", "pk")[: len(told) + MOST_SHOWN] if row.pk not in told)
    found = list(itertools.islice(silent, MOST_SHOWN))
    models.prefetch_related_objects(found, "about")
    people = dict(recipients.kinds()[recipients.PERSON].choices())
    return [Unfired(row, declared()[row.event], _called(row.recipient, people)) for row in found]


def _called(recipient: Recipient, people: Mapping[str, str]) -> str:
    kind, key = recipient
    return people.get(key, "somebody who has left") if kind == recipients.PERSON else recipients.name(recipient)
