"""Who is on duty at a time, and by which roads they are reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from notifications import house, recipients
from notifications.channels.channel import is_quick
from notifications.duty import rota
from notifications.duty.models import Cover, Rank, Turn
from notifications.models import Address
from notifications.recipients import RecipientKind

NOW = "now"
ON_DUTY, NOBODY = "you are on duty", "nobody is on duty, and so administrators are told"
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Those on duty at one moment, by rank; who may not sign in any more is left out."""

    first: list[Any]
    second: list[Any]

    @property
    def in_order(self) -> list[Any]:
        """Those to call, one after the other."""
        return list(dict.fromkeys([*self.first, *self.second]))

    @property
    def called(self) -> list[Any]:
        """Those to call now: the first, or the second where nobody is first."""
        return self.first or self.second


def spans(since: datetime, until: datetime) -> list[rota.Span]:
    """The rota over a stretch of time."""
    return rota.spans(Turn.objects.all(), Cover.objects.between(since, until), since, until, house.zone())


def at(when: datetime) -> OnDuty:
    """Who is on duty at a moment."""
    found = spans(when, when + MOMENT)
    people = working(span.person for span in found)
    # Whoever stands in and may not sign in stands in for nobody: it is the one of the rota again.
    there = [span for span in found if span.person in people]
    first, second = ([people[pk] for pk in rota.at(there, when, rank)] for rank in Rank)
    return OnDuty(first, second)


def working(keys: Iterable[int]) -> dict[int, Any]:
    """Those of these users who may sign in, by pk."""
    pairs = {(recipients.PERSON, str(pk)) for pk in keys}
    return {person.pk: person for people in recipients.resolve_all(pairs).values() for person in people}


def last_resort() -> list[models.Model]:
    """Those who are told where nobody is on duty, and where nobody on duty answers: the administrators."""
    return recipients.resolve(*settings.LAST_RESORT)


def told(when: datetime) -> list[Any]:
    """Whom "whoever is on duty" means at a moment: where nobody is, the administrators."""
    return at(when).called or last_resort()


def roads(people: Iterable[models.Model]) -> dict[int, list[Any]]:
    """The addresses that reach each of these people outside their inbox, by the person's pk."""
    people = list(people)
    found: dict[int, list[Any]] = {person.pk: [] for person in people}
    keys = [address.pk for address in recipients.addresses(people) if not is_quick(address.channel)]
    # Anew: what only sends leaves out how they are called.
    for address in Address.objects.filter(pk__in=keys).order_by("channel", "pk"):
        found[address.owner_id].append(address)
    return found


def unreachable(now: datetime) -> list[Any]:
    """Those of the rota, at any time from now on, whom nothing but their inbox would tell."""
    covers = Cover.objects.filter(ends_at__gt=now).values_list("person_id", flat=True)
    people = list(working({*Turn.objects.values_list("person_id", flat=True), *covers}).values())
    found = roads(people)
    return [person for person in people if not found[person.pk]]


def _people(keys: Iterable[str]) -> Iterable[tuple[str, models.Model]]:
    return [(NOW, person) for person in told(timezone.now())] if NOW in set(keys) else []


def _because(key: str, told: Sequence[tuple[Any, datetime]]) -> list[str]:
    """By the rota as it is now, of the times when they were told; two questions for all."""
    if not told:
        return []
    found = spans(min(when for _, when in told), max(when for _, when in told) + MOMENT)
    return [ON_DUTY if pk in _called(found, when) else NOBODY for pk, when in told]


def _called(found: list[rota.Span], when: datetime) -> tuple[int, ...]:
    return rota.at(found, when, Rank.FIRST) + rota.at(found, when, Rank.SECOND)


RECIPIENTS = [
    RecipientKind(
        recipients.ON_CALL,
        "Whoever is on duty",
        people=_people,
        because=lambda key: ON_DUTY,
        because_then=_because,
        reaching=lambda person: [NOW] if person in told(timezone.now()) else [],
        choices=lambda: [(NOW, "Whoever is on duty")],
        name=lambda key: "whoever is on duty",
    )
]
