"""Strips: a span of time cut into slots, each with what was out in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class Slot:
    """A piece of the span, and how many were out at some time in it."""

    start: datetime
    end: datetime
    out: int = 0

    @property
    def level(self) -> int:
        """How dark to draw it: 0 (nothing) to 4 (thirty or more)."""
        return sum(self.out >= limit for limit in (1, 3, 10, 30))


def strip(
    spans: Iterable[tuple[datetime, datetime | None]], since: datetime, until: datetime, slots: int
) -> list[Slot]:
    """Cut [since, until) into equal slots and count the spans (from, to or None for "goes on") that touch each."""
    width = (until - since) / slots
    found = [Slot(since + width * i, since + width * (i + 1)) for i in range(slots)]
    for start, end in spans:
        first = max(0, int((start - since) / width))
        last = slots - 1 if end is None else min(slots - 1, int((end - since) / width))
        for slot in found[first : last + 1]:
            slot.out += 1
    return found
