"""Leases: whose a delivery is while it is being sent, and until when, should whoever has it be heard of no more."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from notifications.delivery import pacing, pause
from notifications.hosts import HERE
from notifications.models import Delivery

LEASE = timedelta(seconds=60)


def claim(now: datetime, count: int, channel: str | None = None) -> list[Delivery]:
    """Take at most `count` due deliveries, of one channel ("": of none), for this worker.

    A row that another took first is not among them, nor what is more than the channel may send in a minute; nothing is
    while sending is paused.
    """
    if pause.is_paused():
        return []
    lease = f"{HERE}:{os.getpid()}:{secrets.token_hex(4)}"
    due = Delivery.objects.due(now)
    of_channel = due if channel is None else due.filter(channel=channel)
    with pacing.allowed(channel, count, now) as allowance:
        if rows := list(of_channel.values_list("pk", flat=True)[: allowance.room]):
            taken = Delivery.objects.due(now).filter(pk__in=rows).order_by()
            allowance.used = taken.update(lease=lease, leased_until=now + LEASE)
    if not allowance.used:
        return []
    mine = Delivery.objects.filter(pk__in=rows, lease=lease, state=Delivery.State.WAITING)
    found = mine.select_related("notice", "address").order_by("due_at", "pk")
    return list(found.prefetch_related("notice__recipient", "notice__about"))


def seen_again(delivery: Delivery) -> Delivery:
    """A delivery as it is now: the last of a batch may have waited for a minute."""
    if pause.is_paused():
        settle(delivery, Delivery.State.WAITING)
    found = Delivery.objects.select_related("notice", "address").filter(pk=delivery.pk, lease=delivery.lease).first()
    return found or delivery


def renew(deliveries: Collection[Delivery], now: datetime) -> None:
    """Keep these for another whole lease: whoever has them is at work."""
    leases, keys = {one.lease for one in deliveries}, {one.pk for one in deliveries}
    mine = Delivery.objects.filter(pk__in=keys, lease__in=leases, state=Delivery.State.WAITING)
    mine.update(leased_until=now + LEASE)


def settle(delivery: Delivery, state: str, **more: datetime) -> None:
    """Give a delivery up in this state, unless the lease lapsed and another worker has it by now."""
    mine = Delivery.objects.filter(pk=delivery.pk, lease=delivery.lease)
    mine.update(state=state, leased_until=None, lease="", **more)


def release() -> int:
    """At a start: what a process of this host had taken to deliver, it holds no more; how many these were."""
    return Delivery.objects.filter(state=Delivery.State.WAITING, lease__startswith=f"{HERE}:").update(leased_until=None)


def release_dead() -> int:
    """What processes of this host that are no more had taken, without waiting for the lease to lapse; how many."""
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING, lease__startswith=f"{HERE}:").order_by()
    found = waiting.exclude(leased_until=None).values_list("lease", flat=True).distinct()
    dead = [lease for lease in found if not _lives(lease)]
    return waiting.filter(lease__in=dead).update(leased_until=None) if dead else 0


def _lives(lease: str) -> bool:
    try:
        os.kill(int(lease.split(":")[1]), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, IndexError):
        pass
    return True
