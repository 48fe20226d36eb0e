"""History: readings as they are kept. A sweep is one packed row (the journal); jobs fold the journal into hours."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from agents.probes.readings import Reading
from outages.models import Check, Hour, Sweep

# A reading is three 32-bit numbers: key, milliseconds after the row's time, round trip in microseconds.
SILENT, UNKNOWN, LONGEST = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
KEEP_READINGS = timedelta(days=14)
# How far back a prune looks for readings: it runs daily, and all that is older was thinned long ago.
PRUNE_BACK = timedelta(days=60)


class Point(NamedTuple):
    """One reading of one check: epoch seconds, up (None: unknown), round trip in milliseconds."""

    at: float
    up: bool | None
    ms: float | None


def write(readings: Sequence[Reading]) -> None:
    """Put the readings of a sweep into the journal: a row for each minute in which some were asked, mostly one."""
    minutes: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        minutes[int(reading.asked_at // 60)].append(reading)
    for asked in minutes.values():
        base, packed = int(min(reading.asked_at for reading in asked)), array("I")
        for reading in asked:
            packed.extend((reading.key, round((reading.asked_at - base) * 1000), _value(reading)))
        Sweep.objects.create(at=datetime.fromtimestamp(base, UTC), readings=packed.tobytes())


def _value(reading: Reading) -> int:
    if reading.up:
        return int(min(max(0.0, (reading.ms or 0) * 1000), LONGEST))
    return UNKNOWN if reading.up is None else SILENT


def _point(base: float, offset: int, value: int) -> Point:
    if value >= UNKNOWN:
        return Point(base + offset / 1000, None if value == UNKNOWN else False, None)
    return Point(base + offset / 1000, True, value / 1000)


def points(check: Check, since: datetime, until: datetime) -> list[Point]:
    """The single readings of a check in a span of time, oldest first."""
    # The journal first: what is folded between the two questions is read twice, and not missed.
    sweeps = Sweep.objects.filter(at__gte=since - timedelta(minutes=1), at__lt=until)
    found = set(_of_sweeps(sweeps.iterator(chunk_size=50), check.pk))
    for hour in check.hours.filter(start__gt=since - timedelta(hours=1), start__lt=until):
        found.update(_of_hour(hour))
    first, last = since.timestamp(), until.timestamp()
    return sorted((point for point in found if first <= point.at < last), key=lambda point: point.at)


def _of_hour(hour: Hour) -> Iterator[Point]:
    packed, base = array("I", bytes(hour.readings)), hour.start.timestamp()
    return (_point(base, packed[i], packed[i + 1]) for i in range(0, len(packed), 2))


def _of_sweeps(sweeps: Iterable[Sweep], key: int) -> Iterator[Point]:
    for sweep in sweeps:
        packed, base = array("I", bytes(sweep.readings)), sweep.at.timestamp()
        keys, place = packed[::3], -1
        for _ in range(keys.count(key)):
            place = keys.index(key, place + 1)
            yield _point(base, packed[place * 3 + 1], packed[place * 3 + 2])


def fold(most: int = 200) -> int:
    """Fold the oldest sweeps of the journal, `most` at a time, into the hours of their checks; how many were folded."""
    with transaction.atomic():
        sweeps = list(Sweep.objects.select_for_update().order_by("at", "pk")[:most])
        if sweeps:
            _into_hours(sweeps)
            Sweep.objects.filter(pk__in=[sweep.pk for sweep in sweeps]).delete()
    return len(sweeps)


def _into_hours(sweeps: list[Sweep]) -> None:
    new: dict[tuple[int, int], array[int]] = defaultdict(lambda: array("I"))
    for sweep in sweeps:
        packed, base = array("I", bytes(sweep.readings)), int(sweep.at.timestamp())
        for key, offset, value in zip(packed[::3], packed[1::3], packed[2::3], strict=True):
            hour, rest = divmod(base * 1000 + offset, 3_600_000)
            new[key, hour].extend((rest, value))
    keys, hours = {key for key, _ in new}, {datetime.fromtimestamp(hour * 3600, UTC) for _, hour in new}
    rows = {
        (row.check_of_id, int(row.start.timestamp()) // 3600): row
        for row in Hour.objects.filter(start__in=hours)
        if row.check_of_id in keys
    }
    there = set(Check.objects.values_list("pk", flat=True))
    changed = [_added(rows.get(place), place, readings) for place, readings in new.items() if place[0] in there]
    Hour.objects.bulk_create(
        changed,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["check_of", "start"],
        update_fields=["readings", "good", "bad", "mean_ms", "max_ms"],
    )


def _added(row: Hour | None, place: tuple[int, int], readings: array[int]) -> Hour:
    key, hour = place
    row = row or Hour(check_of_id=key, start=datetime.fromtimestamp(hour * 3600, UTC))
    row.pk = None  # the pair of check and hour finds the row
    row.readings = bytes(row.readings) + readings.tobytes()
    good = [value / 1000 for value in readings[1::2] if value < UNKNOWN]
    if good:
        row.mean_ms = ((row.mean_ms or 0) * row.good + sum(good)) / (row.good + len(good))
        row.max_ms = max(row.max_ms or 0, *good)
        row.good += len(good)
    row.bad += sum(1 for value in readings[1::2] if value == SILENT)
    return row


def prune(now: datetime, most: int = 2000) -> int:
    """Drop the single readings of `most` hours that are older than they are kept; the hours' figures stay.

    How many hours were thinned: few at a time, since nobody else writes meanwhile.
    """
    until = now - KEEP_READINGS
    old = Hour.objects.filter(start__lt=until, start__gte=until - PRUNE_BACK).exclude(readings=b"")
    pks = list(old.order_by().values_list("pk", flat=True)[:most])
    return Hour.objects.filter(pk__in=pks).update(readings=b"")
