"""Delivering: claim with a lease, write the attempt down, send outside any lock, record what came of it."""

from __future__ import annotations

import logging
import secrets
import socket
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from notifications.channels.channel import DeliveryError, named
from notifications.models import Attempt, Delivery

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
HOST = socket.gethostname()[:15]
BACK_OFF = (5, 60, 300, 1800, 7200, 18000, 36000)


def waiting(now: datetime) -> bool:
    """Is there anything to send?"""
    return Delivery.objects.due(now).exists()


def deliver(now: datetime, most: int = 500) -> int:
    """Send what is due, one at a time, until nothing is left or `most` are done; how many were tried."""
    tried, began = 0, time.monotonic()
    # A lease counts from its own claim: from the start of a long round it would have lapsed before it began.
    while tried < most and (batch := claim(now + timedelta(seconds=time.monotonic() - began), 20)):
        for delivery in batch:
            attempt(delivery)
        tried += len(batch)
    return tried


def claim(now: datetime, count: int) -> list[Delivery]:
    """Take at most `count` due deliveries for this worker. A row that another took first is not among them."""
    lease = f"{HOST}:{secrets.token_hex(8)}"
    rows = Delivery.objects.due(now).values_list("pk", flat=True)[:count]
    taken = Delivery.objects.due(now).filter(pk__in=list(rows)).order_by()
    if not taken.update(lease=lease, leased_until=now + LEASE):
        return []
    mine = Delivery.objects.filter(lease=lease, state=Delivery.State.WAITING)
    return list(mine.select_related("notice", "address").order_by("due_at", "pk"))


def release() -> int:
    """At a start: what a process of this host had taken to deliver, it holds no more; how many these were."""
    return Delivery.objects.filter(state=Delivery.State.WAITING, lease__startswith=f"{HOST}:").update(leased_until=None)


def attempt(delivery: Delivery) -> None:
    """Try one delivery. The attempt is in the database before anything leaves the house."""
    if delivery.notice.withdrawn_at or delivery.address.off_at:
        _settle(delivery, Delivery.State.WITHDRAWN)
        return
    row = _begin(delivery, timezone.now())
    if row is None:
        return
    try:
        named(delivery.address.channel).send(delivery)
    except DeliveryError as fault:
        _failed(delivery, row, fault)
    except Exception as fault:  # a fault of ours in one channel must not hold up the others
        log.exception("channel %s failed", delivery.address.channel)
        _failed(delivery, row, DeliveryError(f"{type(fault).__name__}: {fault}"))
    else:
        with transaction.atomic():
            Attempt.objects.filter(pk=row.pk).update(ended_at=timezone.now())
            _settle(delivery, Delivery.State.DONE)


def _begin(delivery: Delivery, now: datetime) -> Attempt | None:
    """Write the attempt down with a whole lease before it; None where this worker is not to send.

    Those claimed together wait for each other, so the last of a slow batch may be another worker's by now. The try is
    counted here and not at its end: a delivery that kills its worker comes to an end, too.
    """
    with transaction.atomic():
        mine = Delivery.objects.filter(pk=delivery.pk, lease=delivery.lease, state=Delivery.State.WAITING)
        if not mine.update(leased_until=now + LEASE, tries=F("tries") + 1):
            return None
        if delivery.tries > len(BACK_OFF):
            _settle(delivery, Delivery.State.FAILED)
            return None
        return Attempt.objects.create(delivery=delivery, started_at=now)


def _failed(delivery: Delivery, row: Attempt, fault: DeliveryError) -> None:
    now = timezone.now()
    final = fault.permanent or delivery.tries >= len(BACK_OFF)
    with transaction.atomic():
        Attempt.objects.filter(pk=row.pk).update(ended_at=now, error=str(fault)[:500])
        if final:
            _settle(delivery, Delivery.State.FAILED)
        else:
            wait = max(BACK_OFF[delivery.tries], fault.retry_after or 0)
            _settle(delivery, Delivery.State.WAITING, due_at=now + timedelta(seconds=wait))
        if fault.permanent:
            delivery.address.off_at, delivery.address.off_reason = now, str(fault)[:300]
            delivery.address.save(update_fields=["off_at", "off_reason"])


def _settle(delivery: Delivery, state: str, **more: datetime) -> None:
    """Record the end of a try, unless the lease lapsed and another worker has the delivery by now."""
    mine = Delivery.objects.filter(pk=delivery.pk, lease=delivery.lease)
    mine.update(state=state, leased_until=None, lease="", **more)
