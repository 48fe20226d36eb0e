"""What somebody hears of: by subscriptions of their own and by those of their role, less what they turned off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from notifications import recipients
from notifications.event import Event, declared
from notifications.models import Mute, Subscription
from notifications.recipients import Recipient


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


def of(person: models.Model) -> list[Heard]:
    """What reaches this user, in the order in which events are declared; what they turned off is marked."""
    own = recipients.own(person)
    rows = _rows(recipients.reaching(person))
    off = {(row.event, row.object_type_id, row.object_id) for row in rows if row.off}
    return list(_heard((row for row in rows if not row.off), own, off))


def by(recipient: Recipient) -> list[Heard]:
    """What is subscribed in the name of one recipient, such as a role."""
    return list(_heard((row for row in _rows([recipient]) if not row.off), recipient, set()))


def mutes(person: Any, now: datetime) -> list[Mute]:
    """What this user hears nothing of at this time."""
    running = Mute.objects.filter(Q(until=None) | Q(until__gt=now), user=person).prefetch_related("about")
    return [mute for mute in running.order_by("pk") if mute.about is not None]


def _rows(pairs: Iterable[Recipient]) -> list[Subscription]:
    meant = Q(*(Q(recipient_kind=kind, recipient_key=key) for kind, key in pairs), _connector=Q.OR)
    found = Subscription.objects.filter(meant, event__in=declared()).select_related("created_by")
    order = {key: place for place, key in enumerate(declared())}
    rows = [row for row in found.prefetch_related("about") if row.object_id is None or row.about is not None]
    return sorted(rows, key=lambda row: (order[row.event], row.pk))


def _heard(rows: Iterable[Subscription], own: Recipient | None, off: set[tuple[Any, ...]]) -> Iterator[Heard]:
    for row in rows:
        mine = row.recipient == own
        keys = {(row.event, row.object_type_id, row.object_id), (row.event, None, None)}
        yield Heard(row, declared()[row.event], mine, off=not mine and bool(keys & off))
