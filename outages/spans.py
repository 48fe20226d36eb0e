"""Spans of time in words."""

from __future__ import annotations

from datetime import datetime


def in_words(start: datetime, end: datetime) -> str:
    """A duration as people say it: "45 s", "12 min", "2 h 05 min", "3 d 4 h"."""
    seconds = max(0, int((end - start).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
