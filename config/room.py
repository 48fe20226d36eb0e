"""Room on the disk: how much there is, and how long it lasts at the pace of the last two days."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from config import options

# Samples, one an hour.
KEPT = 48
# With less than that behind it, a pace is a guess.
LEAST_HOURS = 6
DAY = 86_400


def free() -> int:
    """The bytes that are free where the data lie."""
    return shutil.disk_usage(settings.VAR).free


def note(now: datetime) -> None:
    """Keep what is free now, beside what was free in the hours before."""
    at = now.timestamp()
    before = [sample for sample in options.fresh().disk_free if sample[0] < at]
    options.change(disk_free=[*before[1 - KEPT :], [at, float(free())]])


def days_left(samples: Sequence[Sequence[float]], left: int, now: datetime) -> float | None:
    """The days until nothing of `left` bytes is left, at the pace since the first sample; None while it is not known.

    None, too, where the disk does not fill.
    """
    if not samples or now.timestamp() - samples[0][0] < LEAST_HOURS * 3600:
        return None
    gone = samples[0][1] - left
    seconds = now.timestamp() - samples[0][0]
    return left / (gone / seconds) / DAY if gone > 0 else None
