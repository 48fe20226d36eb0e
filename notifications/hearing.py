"""What somebody hears of: by subscriptions of their own and by those of their role, less what they turned off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

from notifications import recipients
from notifications.channels.channel import named
from notifications.event import OPERATIONS, Event, declared, offered
from notifications.models import Mute, Subscription
from notifications.recipients import Recipient

# An event, and the object that it is about (None: all): what somebody turns off.
Mark = tuple[str, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Heard:
    """A subscription that reaches somebody; `off` where they turned it off for themselves."""

    row: Subscription
    event: Event
    own: bool
    off: bool = False

    @property
    def asks(self) -> list[tuple[str, str]]:
        """What it asks for, and how much of it."""
        return [(ask.label, ask.words(self.row.asked.get(ask.name, ask.default))) for ask in self.event.asks]

    @property
    def more(self) -> list[str]:
        """What else it says, in words."""
        return list(_more(self.row))

    @property
    def is_refusable(self) -> bool:
        """May somebody turn it off for themselves alone?"""
        return recipients.is_refusable(self.row.recipient)


def channel_label(name: str) -> str:
    """What a channel is called, also where the setting CHANNELS names it no more."""
    try:
        return str(named(name).label)
    except KeyError:
        return name


def _more(row: Subscription) -> Iterator[str]:
    if row.channels:
        yield "by " + ", ".join(map(channel_label, row.channels))
    if row.tags_in:
        yield "with " + " or ".join(row.tags_in)
    if row.tags_out:
        yield "without " + ", ".join(row.tags_out)
    if row.involved:
        yield "only if involved"
    if row.own_acts:
        yield "own acts, too"
    if row.now_too:
        yield "also what was true already"
    if row.escalate_after:
        yield f"louder after {row.escalate_after} min"


def of(person: models.Model) -> list[Heard]:
    """What reaches this user, in the order in which events are declared; what they turned off is marked."""
    rows = _rows(recipients.reaching(person))
    return list(_heard((row for row in rows if not row.off), recipients.own(person), marks(rows)))


def by(recipient: Recipient) -> list[Heard]:
    """What is subscribed in the name of one recipient, such as a role."""
    return list(_heard((row for row in _rows([recipient]) if not row.off), recipient, frozenset()))


def mutes(person: Any, now: datetime) -> list[Mute]:
    """What this user hears nothing of at this time."""
    running = Mute.objects.filter(Q(until=None) | Q(until__gt=now), user=person).prefetch_related("about")
    return [mute for mute in running.order_by("pk") if mute.about is not None]


def mute_of(person: Any, thing: models.Model) -> Mute:
    """That by which this user hears nothing of an object; raises Mute.DoesNotExist."""
    kind = ContentType.objects.get_for_model(thing)
    return Mute.objects.get(user=person, object_type=kind, object_id=thing.pk)


def turned_off(person: Any) -> frozenset[Mark]:
    """What this person turned off for themselves."""
    own = recipients.own(person)
    return marks(Subscription.objects.to(own).filter(off=True)) if own else frozenset()


def marks(rows: Iterable[Subscription]) -> frozenset[Mark]:
    """What those of these subscriptions that are off turn off."""
    return frozenset((row.event, row.object_type_id, row.object_id) for row in rows if row.off)


def reaches(row: Subscription, off: frozenset[Mark]) -> bool:
    """Does a subscription reach somebody who turned this off? What is their own, or duty, does in any case."""
    turns_off = {(row.event, row.object_type_id, row.object_id), (row.event, None, None)}
    if (event := declared().get(row.event)) is not None and event.operations:
        turns_off.add((OPERATIONS, None, None))
    return not (turns_off & off and recipients.is_refusable(row.recipient))


def in_force(person: Any, rows: Iterable[Subscription]) -> list[Subscription]:
    """Those that still reach this person."""
    off = turned_off(person)
    return [row for row in rows if reaches(row, off)]


def _rows(pairs: Iterable[Recipient]) -> list[Subscription]:
    meant = Q(*(Q(recipient_kind=kind, recipient_key=key) for kind, key in pairs), _connector=Q.OR)
    found = Subscription.objects.filter(meant, event__in=offered()).select_related("created_by")
    order = {key: place for place, key in enumerate(declared())}
    rows = [row for row in found.prefetch_related("about") if row.object_id is None or row.about is not None]
    return sorted(rows, key=lambda row: (order[row.event], row.pk))


def _heard(rows: Iterable[Subscription], own: Recipient | None, off: frozenset[Mark]) -> Iterator[Heard]:
    for row in rows:
        yield Heard(row, declared()[row.event], row.recipient == own, off=not reaches(row, off))
