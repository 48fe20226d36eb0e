"""The times that a reminder is offered at: one press of a thumb. Pure: no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MORNING = time(8)
MONDAY = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A time to be reminded at, by the key that a press of its button sends; `at` is in UTC."""

    key: str
    label: str
    at: datetime


def offers(now: datetime, zone: tzinfo) -> list[Offer]:
    """In an hour, tomorrow morning and Monday morning, by the clock of the zone; each time once."""
    today = now.astimezone(zone).date()
    hour = (now + timedelta(hours=1)).replace(second=0, microsecond=0)
    tomorrow, monday = today + timedelta(days=1), today + timedelta(days=7 - today.weekday())
    found = [Offer("hour", "In an hour", hour.astimezone(UTC)), Offer("tomorrow", "Tomorrow 8:00", _at(tomorrow, zone))]
    return found if tomorrow == monday else [*found, Offer("monday", "Monday 8:00", _at(monday, zone))]


def _at(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, MORNING, zone).astimezone(UTC)
