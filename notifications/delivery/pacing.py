"""Pacing: no channel sends more in a minute than it may, and nobody is asked again before the time that they named.

Both are in the database, so that all workers keep to them together. What is too much waits, and loses no try by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from notifications.channels.channel import named
from notifications.models import Address, Pace

# Seconds that are counted together.
PORTION = 5
MINUTE = 60
# What this process last read of those who asked to wait: until when, by channel and host.
_closed: dict[tuple[str, str], datetime] = {}


@dataclass(slots=True)
class Allowance:
    """How many may be claimed now; whoever claims says how many they were."""

    room: int
    used: int = 0


@contextmanager
def allowed(channel: str | None, count: int, now: datetime) -> Iterator[Allowance]:
    """Of `count` deliveries as many as may leave by this channel now; where there is a limit, one worker at a time."""
    _learn(channel, now)
    limit = None if channel is None else per_minute(channel)
    if channel is None or limit is None:
        yield Allowance(0 if (channel, "") in _closed else count)
        return
    with transaction.atomic():
        Pace.objects.bulk_create([Pace(channel=channel)], ignore_conflicts=True)
        row = Pace.objects.select_for_update().get(channel=channel, host="")
        oldest = (now.timestamp() - MINUTE) // PORTION
        of_late = {key: number for key, number in row.claimed.items() if int(key) >= oldest}
        allowance = Allowance(0 if (channel, "") in _closed else min(count, max(0, limit - sum(of_late.values()))))
        yield allowance
        if allowance.used:
            key = str(int(now.timestamp() // PORTION))
            row.claimed = of_late | {key: of_late.get(key, 0) + allowance.used}
            row.save(update_fields=["claimed"])


def per_minute(channel: str) -> int | None:
    """How many may leave by this channel in a minute: as the operator says, else as it does; None for any number."""
    try:
        own = named(channel).per_minute
    except KeyError:
        return None
    limit: int | None = settings.CHANNEL_LIMITS.get(channel, own)
    return limit


def close(address: Address, until: datetime) -> None:
    """Whoever takes what goes to this address asked us to wait: so does everything else that goes there."""
    channel, host = address.channel, named(address.channel).host(address)
    row, _ = Pace.objects.get_or_create(channel=channel, host=host)
    if row.closed_until is None or row.closed_until < until:
        Pace.objects.filter(pk=row.pk).update(closed_until=until)
    _closed[channel, host] = until


def closed_until(address: Address) -> datetime | None:
    """Until when nothing goes to this address, as the last claim saw it; None where it is open."""
    if not _closed:
        return None
    try:
        host = named(address.channel).host(address)
    except KeyError:
        return None
    return _closed.get((address.channel, host)) or _closed.get((address.channel, ""))


def _learn(channel: str | None, now: datetime) -> None:
    rows = Pace.objects.filter(closed_until__gt=now, **({} if channel is None else {"channel": channel}))
    found = {(row.channel, row.host): row.closed_until for row in rows if row.closed_until}
    # Another thread may learn of another channel meanwhile.
    for key in [key for key in list(_closed) if channel in (None, key[0]) and key not in found]:
        _closed.pop(key, None)
    _closed.update(found)
