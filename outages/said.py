"""What a row of this floor is called in the log of who did what."""

from __future__ import annotations

from outages.models import Check


def check(row: Check) -> str:
    """A check as its equipment, and the way of looking."""
    return f"{row.equipment}: {row}"
