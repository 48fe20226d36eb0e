"""Jobs of this floor: idempotent, each finds its own work."""

from __future__ import annotations

from django.utils import timezone

from outages import history, recording


def fold() -> int:
    """Fold the journal of readings into hours, in short transactions; how many sweeps were folded."""
    folded = 0
    while (count := history.fold()) and folded < 20_000:
        folded += count
    return folded


def prune() -> int:
    """Drop the single readings that are older than they are kept."""
    return history.prune(timezone.now())


def tidy() -> int:
    """End the outages of what is no longer looked at."""
    return recording.stop_looking(timezone.now())
