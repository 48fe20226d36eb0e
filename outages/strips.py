"""Strips: a span of time cut into slots, each with what was out in it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Slot:
    """A piece of the span, how many were out at some time in it, and whether anybody was looking."""

    start: datetime
    end: datetime
    out: int = 0
    observed: bool = True

    @property
    def level(self) -> int:
        """How dark to draw it: 0 (nothing) to 4 (thirty or more)."""
        return sum(self.out >= limit for limit in (1, 3, 10, 30))


def merged(spans: Iterable[tuple[Any, datetime, datetime | None]]) -> list[tuple[datetime, datetime | None]]:
    """Spans (of what, from, to or None for "goes on") with those of the same thing that overlap made one."""
    found: list[tuple[datetime, datetime | None]] = []
    before: Any = None
    for key, start, end in sorted(spans, key=lambda span: span[:2]):
        began, last = found[-1] if found and key == before else (start, start)
        if key == before and (last is None or start <= last):
            found[-1] = (began, None if last is None or end is None else max(last, end))
        else:
            found.append((start, end))
        before = key
    return found


def strip(
    spans: Iterable[tuple[datetime, datetime | None]],
    since: datetime,
    until: datetime,
    slots: int,
    silences: Iterable[tuple[datetime, datetime]] = (),
) -> list[Slot]:
    """Cut [since, until) into equal slots and count the spans (from, to or None for "goes on") that touch each.

    A span ends before its end: what is back exactly when a slot begins is not out in that slot. A slot that lies
    within a silence was not observed.
    """
    width = (until - since) / slots
    found = [Slot(since + width * i, since + width * (i + 1)) for i in range(slots)]
    for start, end in spans:
        first = math.floor((start - since) / width)
        behind = slots if end is None else max(first + 1, math.ceil((end - since) / width))
        for slot in found[max(0, first) : max(0, behind)]:
            slot.out += 1
    for start, end in silences:
        for slot in found:
            slot.observed = slot.observed and not (start <= slot.start and slot.end <= end)
    return found
