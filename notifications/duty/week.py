"""One week of the rota as its page shows it: by day, who is called first and second, and where nobody is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from notifications import house
from notifications.duty import on_duty, rota
from notifications.duty.models import Rank


@dataclass(frozen=True, slots=True)
class Shift:
    """Who has a rank for a part of a day; nobody: a gap."""

    start: datetime
    end: datetime
    people: list[Any]
    is_now: bool
    covered: bool

    @property
    def is_late(self) -> bool:
        """Does it last until midnight?"""
        return timezone.localtime(self.end).time() == time(0)


@dataclass(frozen=True, slots=True)
class Row:
    """One day of the week."""

    day: date
    is_today: bool
    first: list[Shift]
    second: list[Shift]


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days by the clock of the house, and what is wrong with them."""

    monday: date
    rows: list[Row]
    gaps: list[rota.Stretch]
    overlaps: list[tuple[rota.Stretch, list[Any]]]

    @property
    def before(self) -> date:
        """The Monday before."""
        return self.monday - rota.WEEK

    @property
    def after(self) -> date:
        """The next Monday."""
        return self.monday + rota.WEEK


def of(monday: date, now: datetime) -> Week:
    """The week that begins on this Monday."""
    days = [rota.moment(monday + timedelta(days=n), time(0), house.zone()) for n in range(8)]
    spans = on_duty.spans(days[0], days[-1])
    people = on_duty.working(span.person for span in spans)
    # Who may not sign in any more leaves a gap.
    spans = [span for span in spans if span.person in people]
    today = now.astimezone(house.zone()).date()
    rows = [
        Row(
            monday + timedelta(days=n),
            monday + timedelta(days=n) == today,
            *(_shifts(rota.stretches(spans, rank, start, end), people, now) for rank in Rank),
        )
        for n, (start, end) in enumerate(itertools.pairwise(days))
    ]
    firsts = rota.stretches(spans, Rank.FIRST, days[0], days[-1])
    doubled = [(one, [people[pk] for pk in one.people]) for one in firsts if len(one.people) > 1]
    return Week(monday, rows, _uncalled(spans, days[0], days[-1]), doubled)


def _shifts(stretches: Iterable[rota.Stretch], people: dict[int, Any], now: datetime) -> list[Shift]:
    return [
        Shift(one.start, one.end, [people[pk] for pk in one.people], one.start <= now < one.end, one.covered)
        for one in stretches
    ]


def _uncalled(spans: list[rota.Span], since: datetime, until: datetime) -> list[rota.Stretch]:
    """When nobody is called at all, neither first nor second."""
    anybody = [rota.Span(span.start, span.end, span.person, Rank.FIRST) for span in spans]
    return [one for one in rota.stretches(anybody, Rank.FIRST, since, until) if not one.people]


def monday(text: str, now: datetime) -> date:
    """The Monday of the week of a day (2026-05-01); of this week where the text is no day."""
    today = now.astimezone(house.zone()).date()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    near = abs(day - today) < timedelta(days=366 * 5)
    return rota.monday_of(day if near else today)
