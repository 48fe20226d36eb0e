"""What can go wrong between us and another system's API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum


class FaultKind(StrEnum):
    """Why an API could not be asked; none of these says anything about the devices behind it."""

    REFUSED = "refused"
    TIMEOUT = "time-out"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    THROTTLED = "throttled"
    SERVER = "server"
    NOT_JSON = "not JSON"
    SHAPE = "wrong shape"
    TOO_LARGE = "too large"
    TLS = "tls"


@dataclass(eq=False)
class UpstreamFault(Exception):
    """An API did not give what was asked: `text` is one sentence for staff, without any key.

    `retry_after` is how many seconds the other side wants to be left alone, where it said so.
    """

    kind: FaultKind
    text: str
    retry_after: float | None = None

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[UpstreamFault], tuple[FaultKind, str, float | None]]:
        return UpstreamFault, (self.kind, self.text, self.retry_after)


_LONGEST_WAIT = 86_400.0


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds out of a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3); None if it says nothing.

    At most a day: a header must not be able to switch polling off.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), _LONGEST_WAIT)
