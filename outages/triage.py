"""Triage: what was already down when it was first seen. No outage, no notice: somebody sorts what it means."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from agents.probes.readings import Reading
from notifications import live
from outages import kept
from outages.models import Check

# What a check forgets that leaves triage: it has answered, or nobody looks at it any more.
LEFT: dict[str, Any] = {"dark_since": None, "dark_message": "", "sorted_as": Check.Sorted.NOT_YET}


def note_dark(check: Check, reading: Reading) -> bool:
    """Keep that it did not answer, since when and why; whether that is news. Nothing is written yet."""
    message = str(kept.plain(reading.message))[:200]
    if check.dark_since is not None and check.dark_message == message:
        return False
    check.dark_since = check.dark_since or datetime.fromtimestamp(reading.asked_at, UTC)
    check.dark_message = message
    return True


def sort(checks: Collection[int], sorted_as: str) -> int:
    """Sort these checks (pks); how many were in triage, and are sorted otherwise now. ValueError for a strange word."""
    word = Check.Sorted(sorted_as)
    with transaction.atomic():
        moved = Check.objects.in_triage().filter(pk__in=checks).exclude(sorted_as=word).update(sorted_as=word)
        if moved:
            live.bump("triage")
    return moved
