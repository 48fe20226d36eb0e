"""Delivering: claim with a lease, write the attempt down, send outside any lock, record what came of it."""

from __future__ import annotations

import logging
import secrets
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Model
from django.utils import timezone

from notifications import interest, recipients
from notifications.channels.channel import DeliveryError, is_quick, named
from notifications.delivery import addressing, pause
from notifications.matching import Match
from notifications.models import Attempt, Delivery

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
HOST = socket.gethostname()[:15]
# Seconds before each further try; when the last one fails, so has the delivery.
BACK_OFF = (5, 15, 60, 300, 1800, 7200, 18000, 36000)


def waiting(now: datetime) -> bool:
    """Is there anything to send, and may it be sent?"""
    return Delivery.objects.due(now).exists() and not pause.is_paused()


def channels(now: datetime) -> list[str]:
    """The names of the channels by which something is to be sent, the quick ones first; none while it is paused."""
    if pause.is_paused():
        return []
    found = Delivery.objects.due(now).order_by().values_list("address__channel", flat=True).distinct()
    return sorted((name or "" for name in found), key=lambda name: (not is_quick(name), name))


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
    tried, began = 0, time.monotonic()
    try:
        # A lease counts from its own claim: from the start of a long round it would have lapsed before it began.
        while (
            tried < most and going() and (batch := claim(now + timedelta(seconds=time.monotonic() - began), 20, name))
        ):
            for delivery in batch:
                if going():
                    attempt(delivery if is_quick(name) else _seen_again(delivery))
                else:
                    _settle(delivery, Delivery.State.WAITING)
            tried += len(batch)
    finally:
        _let_go(name)
    return tried


def _let_go(name: str) -> None:
    try:
        named(name).let_go()
    except KeyError:
        return
    except Exception:
        log.warning("channel %s did not close its connection", name, exc_info=True)


def claim(now: datetime, count: int, channel: str | None = None) -> list[Delivery]:
    """Take at most `count` due deliveries, of one channel ("": of none), for this worker.

    A row that another took first is not among them, and nothing is while sending is paused.
    """
    if pause.is_paused():
        return []
    lease = f"{HOST}:{secrets.token_hex(8)}"
    due = Delivery.objects.due(now)
    of_channel = due if channel is None else due.filter(address__channel=channel or None)
    rows = of_channel.values_list("pk", flat=True)[:count]
    taken = Delivery.objects.due(now).filter(pk__in=list(rows)).order_by()
    if not taken.update(lease=lease, leased_until=now + LEASE):
        return []
    mine = Delivery.objects.filter(lease=lease, state=Delivery.State.WAITING)
    found = mine.select_related("notice", "address").order_by("due_at", "pk")
    return list(found.prefetch_related("notice__recipient", "notice__about"))


def _seen_again(delivery: Delivery) -> Delivery:
    """A delivery as it is now: the last of a batch may have waited for a minute."""
    if pause.is_paused():
        _settle(delivery, Delivery.State.WAITING)
    found = Delivery.objects.select_related("notice", "address").filter(pk=delivery.pk, lease=delivery.lease).first()
    return found or delivery


def release() -> int:
    """At a start: what a process of this host had taken to deliver, it holds no more; how many these were."""
    return Delivery.objects.filter(state=Delivery.State.WAITING, lease__startswith=f"{HOST}:").update(leased_until=None)


def attempt(delivery: Delivery) -> None:
    """Try one delivery. The attempt is in the database before anything leaves the house."""
    if not is_still_wanted(delivery, timezone.now()):
        _settle(delivery, Delivery.State.WITHDRAWN)
        return
    row = _begin(delivery, timezone.now())
    if row is None:
        return
    channel = delivery.to.channel
    try:
        named(channel).send(delivery)
    except DeliveryError as fault:
        _failed(delivery, row, fault)
    except Exception as fault:  # a fault of ours in one channel must not hold up the others
        log.exception("channel %s failed", channel)
        _failed(delivery, row, DeliveryError(f"{type(fault).__name__}: {fault}"))
    else:
        with transaction.atomic():
            Attempt.objects.filter(pk=row.pk).update(ended_at=timezone.now())
            _settle(delivery, Delivery.State.DONE)


def is_still_wanted(delivery: Delivery, now: datetime) -> bool:
    """May it be told at this moment: neither withdrawn nor muted, to somebody who is here, by a road that is open?"""
    notice, address = delivery.notice, delivery.address
    if notice.withdrawn_at or address is None or not address.is_usable:
        return False
    if (address.owner_type_id, address.owner_id) != (notice.recipient_type_id, notice.recipient_id):
        return False
    person = notice.recipient
    if person is None or not getattr(person, "is_active", True):
        return False
    # What somebody wrote to this person is told whatever they muted.
    return not (notice.event and notice.about is not None and _has_muted(person, notice.about, now))


def _has_muted(person: Any, thing: Model, now: datetime) -> bool:
    if recipients.own(person) is None:
        return False
    interest.wanted(thing._meta.label)  # looks whether what this process knows of mutes is still so
    return person.pk in Match(thing, now).muted


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
    final = fault.permanent or fault.hopeless or fault.gone or delivery.tries >= len(BACK_OFF)
    with transaction.atomic():
        Attempt.objects.filter(pk=row.pk).update(ended_at=now, error=str(fault)[:500])
        if final:
            _settle(delivery, Delivery.State.FAILED)
        else:
            wait = max(BACK_OFF[delivery.tries], fault.retry_after or 0)
            _settle(delivery, Delivery.State.WAITING, due_at=now + timedelta(seconds=wait))
        if fault.gone:
            addressing.drop(delivery.to, str(fault))
        elif fault.permanent:
            addressing.shut(delivery.to, str(fault), now)


def _settle(delivery: Delivery, state: str, **more: datetime) -> None:
    """Record the end of a try, unless the lease lapsed and another worker has the delivery by now."""
    mine = Delivery.objects.filter(pk=delivery.pk, lease=delivery.lease)
    mine.update(state=state, leased_until=None, lease="", **more)
