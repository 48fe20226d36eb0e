"""Jobs of this floor: idempotent, each finds its own work."""

from __future__ import annotations

import time

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
    thinned = 0
    while count := history.prune(timezone.now()):
        thinned += count
        time.sleep(0.05)  # lets those who wait for the database go first
    return thinned


def tidy() -> int:
    """End the outages of what is no longer looked at, and judge afresh what is no longer suspended."""
    return recording.stop_looking(timezone.now()) + recording.judge_afresh()
