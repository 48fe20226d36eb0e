"""Spans of time in words."""

from __future__ import annotations

from datetime import datetime


def in_words(start: datetime, end: datetime) -> str:
    """From start to end as people say it."""
    return duration((end - start).total_seconds())


def duration(seconds: float) -> str:
    """A duration as people say it: "45 s", "12 min", "2 h 05 min", "3 d 4 h"."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60 % 60, whole // 3600 % 24, whole // 86400
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
