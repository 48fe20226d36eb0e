"""The rota as spans of time: from turns by the week and covers by date to who is on duty when. Pure.

Turns are by the clock of the house. An hour that the clock leaves out or has twice (summer time) makes neither a gap
nor an overlap: one turn's end and the next one's beginning are the same wall time, and become the same moment.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

WEEK = timedelta(days=7)


class Weekly(Protocol):
    """A turn: somebody's part of every week."""

    pk: int
    person_id: int
    rank: int
    from_day: int
    from_time: time
    to_day: int
    to_time: time


class Dated(Protocol):
    """A cover: somebody's part of one stretch of time."""

    pk: int
    person_id: int
    rank: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Somebody is down for duty; a later cover goes before an earlier one, and each cover before a turn."""

    start: datetime
    end: datetime
    person: int
    rank: int
    cover: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """The same people have a rank from one moment to another; nobody: a gap, more than one: an overlap."""

    start: datetime
    end: datetime
    people: tuple[int, ...]
    covered: bool = False


def spans(
    turns: Iterable[Weekly], covers: Iterable[Dated], since: datetime, until: datetime, zone: tzinfo
) -> list[Span]:
    """Everything that touches the time from `since` to `until`, not cut to it."""
    found = [span for turn in turns for span in _of_turn(turn, since, until, zone)]
    found += [Span(one.starts_at, one.ends_at, one.person_id, one.rank, one.pk) for one in covers]
    return [span for span in found if span.start < until and span.end > since]


def _of_turn(turn: Weekly, since: datetime, until: datetime, zone: tzinfo) -> Iterator[Span]:
    begins, ends = (turn.from_day, turn.from_time), (turn.to_day, turn.to_time)
    over = 7 if ends <= begins else 0
    # One that began in the week before may go on.
    monday = monday_of(since.astimezone(zone).date()) - WEEK
    while (start := moment(monday + timedelta(days=turn.from_day), turn.from_time, zone)) < until:
        yield Span(
            start, moment(monday + timedelta(days=turn.to_day + over), turn.to_time, zone), turn.person_id, turn.rank
        )
        monday += WEEK


def monday_of(day: date) -> date:
    """The first day of a day's week."""
    return day - timedelta(days=day.weekday())


def moment(day: date, at: time, zone: tzinfo) -> datetime:
    """The moment of a wall time, in UTC: the first of two, and the one after the gap for a time that there is not."""
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)


def at(found: Iterable[Span], when: datetime, rank: int) -> tuple[int, ...]:
    """Who has a rank at a moment."""
    return _people([span for span in found if span.rank == rank and span.start <= when < span.end])


def _people(found: Iterable[Span]) -> tuple[int, ...]:
    ordered = sorted(found, key=lambda span: (span.cover, span.start, span.person))
    if ordered and ordered[-1].cover:
        return (ordered[-1].person,)
    return tuple(dict.fromkeys(span.person for span in ordered))


def stretches(found: Iterable[Span], rank: int, since: datetime, until: datetime) -> list[Stretch]:
    """Who has a rank from `since` to `until`, without a hole; what is equal is one stretch."""
    mine = [span for span in found if span.rank == rank]
    edges = {edge for span in mine for edge in (span.start, span.end) if since < edge < until}
    cuts = [since, *sorted(edges), until]
    pieces: list[Stretch] = []
    for start, end in itertools.pairwise(cuts):
        there = [span for span in mine if span.start <= start < span.end]
        piece = Stretch(start, end, _people(there), any(span.cover for span in there))
        if pieces and (pieces[-1].people, pieces[-1].covered) == (piece.people, piece.covered):
            piece = Stretch(pieces.pop().start, end, piece.people, piece.covered)
        pieces.append(piece)
    return pieces
