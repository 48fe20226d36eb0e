"""Delivering: what waits in the outbox is claimed with a lease, tried outside any lock, and recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from notifications.channels.channel import is_quick
from notifications.delivery import pause
from notifications.delivery.rounds import Round
from notifications.models import Delivery


def waiting(now: datetime) -> bool:
    """Is there anything to send, and may it be sent?"""
    return Delivery.objects.due(now).exists() and not pause.is_paused()


def channels(now: datetime) -> list[str]:
    """The names of the channels by which something is to be sent, the quick ones first; none while it is paused."""
    if pause.is_paused():
        return []
    found = Delivery.objects.due(now).order_by().values_list("channel", flat=True).distinct()
    return sorted(found, key=lambda name: (not is_quick(name), name))


def deliver(now: datetime, most: int = 500) -> int:
    """Send what is due, one channel after the other; how many were tried."""
    began = time.monotonic()
    tried = 0
    for name in channels(now):
        tried += by(name, now + timedelta(seconds=time.monotonic() - began), most - tried)
    return tried


def always() -> bool:
    """Whoever sends goes on."""
    return True


def by(name: str, now: datetime, most: int = 500, going: Callable[[], bool] = always) -> int:
    """Send what is due by one channel, one at a time, until nothing is left or `most` are done; how many were tried.

    Once `going` says no, what is claimed and not begun is given back.
    """
    round_ = Round(name, now, most, going)
    round_.work()
    return round_.taken
