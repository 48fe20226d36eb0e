"""How long another system asks us to wait."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.utils import timezone

# Seconds: as long as the longest back-off of our own.
LONGEST = 36_000.0


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that Retry-After asks for (RFC 9110, 10.2.3: a number, or a date); None where it is missing.

    Of `headers` the case is not to matter, as in what requests and outgoing.py give.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value) if value.isdigit() else (_moment(value) - timezone.now()).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST)


def _moment(value: str) -> datetime:
    """In whichever of its forms; the eldest names no zone, and is in UTC (RFC 9110, 5.6.7)."""
    found = parsedate_to_datetime(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
