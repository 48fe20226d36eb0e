"""Charts: the readings of a check over an hour to a year, thinned to what a screen can show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from outages.history import KEEP_READINGS, Point, points
from outages.models import Check, Outage

RANGES = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
    "year": timedelta(days=365),
}
MOST = 720


def chart(check: Check, now: datetime, span: timedelta) -> dict[str, Any]:
    """The round trip of a check in the span before now, with what was down and what was not observed."""
    since = now - span
    single = span <= KEEP_READINGS
    found = points(check, since, now) if single else hours(check, since, now)
    step = float(check.interval) if single else 3600.0
    bands = outage_bands(check, since, now) + unobserved(found, since, now, step)
    x, values = thin(found, span.total_seconds() / MOST)
    return {"x": x, "series": [{"label": "Round trip", "unit": "ms", "values": values}], "bands": bands}


def hours(check: Check, since: datetime, until: datetime) -> list[Point]:
    """One point an hour: the mean round trip."""
    rows = check.hours.filter(start__gte=since, start__lt=until).order_by("start")
    latest = until.timestamp()
    return [
        Point(min(row.start.timestamp() + 1800, latest), row.good > 0 if row.good + row.bad else None, row.mean_ms)
        for row in rows.defer("readings")
    ]


def thin(found: Sequence[Point], width: float) -> tuple[list[float], list[float | None]]:
    """(times, round trips): the mean of each `width` seconds; None where nothing answered."""
    slots: dict[int, list[Point]] = {}
    for point in found:
        slots.setdefault(int(point.at / width), []).append(point)
    x: list[float] = []
    values: list[float | None] = []
    for slot in slots.values():
        trips = [point.ms for point in slot if point.ms is not None]
        x.append(round(slot[0].at, 3))
        values.append(round(sum(trips) / len(trips), 3) if trips else None)
    return x, values


def outage_bands(check: Check, since: datetime, now: datetime) -> list[dict[str, Any]]:
    """The outages of a check in the span."""
    rows = Outage.objects.filter(check_of=check).between(since, now).values_list("started_at", "ended_at")
    return [
        {"from": max(start, since).timestamp(), "to": (end or now).timestamp(), "kind": "down"} for start, end in rows
    ]


def unobserved(found: Sequence[Point], since: datetime, now: datetime, step: float) -> list[dict[str, Any]]:
    """Where nobody was looking, or nothing could be known, for longer than a few intervals."""
    times = [since.timestamp(), *(point.at for point in found if point.up is not None), now.timestamp()]
    allowed = step * 3 + 15
    return [
        {"from": before, "to": after, "kind": "unobserved"}
        for before, after in pairwise(times)
        if after - before > allowed
    ]
