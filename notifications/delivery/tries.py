"""Tries: the attempt is written down, the message leaves outside any lock, and what came of it is recorded.

The end of one try and the beginning of the next are one transaction, so that each message costs one: its attempt is in
the database before it leaves, and what came of it before the next one does. Of whoever is killed, the one message in
hand may arrive twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Model
from django.utils import timezone

from notifications import interest, recipients
from notifications.channels.channel import DeliveryError, named
from notifications.delivery import addressing, pacing
from notifications.delivery.leases import LEASE, settle
from notifications.matching import Match
from notifications.models import Address, Attempt, Delivery

log = logging.getLogger(__name__)

# Seconds before each further try; when the last one fails, so has the delivery.
BACK_OFF = (5, 15, 60, 300, 1800, 7200, 18000, 36000)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was handed over, which is not written down yet."""

    delivery: Delivery
    attempt: int
    at: datetime


def attempt(delivery: Delivery) -> None:
    """Try one delivery. The attempt is in the database before anything leaves the house."""
    record(turn(None, delivery))


def turn(sent: Sent | None, delivery: Delivery) -> Sent | None:
    """Record what was sent and begin the next try, in one transaction; then send. What has to be recorded after it."""
    until = pacing.closed_until(delivery.to) if delivery.address else None
    if until or not is_still_wanted(delivery, timezone.now()):
        record(sent)
        if until:
            # Not now, and without losing a try: who takes it asked us to wait.
            settle(delivery, Delivery.State.WAITING, due_at=until)
        else:
            settle(delivery, Delivery.State.WITHDRAWN)
        return None
    with transaction.atomic():
        record(sent)
        row = _begin(delivery, timezone.now())
    return _send(delivery, row) if row is not None else None


def record(sent: Sent | None) -> None:
    """Write down that a message was handed over; nothing where there was none."""
    if sent is not None:
        with transaction.atomic(savepoint=False):
            Attempt.objects.filter(pk=sent.attempt).update(ended_at=sent.at)
            settle(sent.delivery, Delivery.State.DONE)


def _send(delivery: Delivery, row: Attempt) -> Sent | None:
    channel = delivery.to.channel
    try:
        named(channel).send(delivery)
    except DeliveryError as fault:
        _failed(delivery, row, fault)
    except Exception as fault:  # a fault of ours in one channel must not hold up the others
        log.exception("channel %s failed", channel)
        _failed(delivery, row, DeliveryError(f"{type(fault).__name__}: {fault}"))
    else:
        return Sent(delivery, row.pk, timezone.now())
    return None


def is_still_wanted(delivery: Delivery, now: datetime) -> bool:
    """May it be told at this moment: neither withdrawn nor muted, to somebody who is here, by a road that is open?"""
    notice, address = delivery.notice, delivery.address
    if notice.withdrawn_at or address is None or not address.is_usable:
        return False
    if (address.owner_type_id, address.owner_id) != (notice.recipient_type_id, notice.recipient_id):
        return False
    person = notice.recipient
    if person is None or not getattr(person, "is_active", True) or not _may_be_reached(person, address):
        return False
    # What somebody wrote to this person is told whatever they muted.
    return notice.is_written or notice.about is None or not _has_muted(person, notice.about, now)


def _may_be_reached(person: Any, address: Address) -> bool:
    """Has this person the right that the channel takes, at this moment? It may have been lost while this waited."""
    try:
        return recipients.is_allowed(named(address.channel), person)
    except KeyError:
        return True  # that there is no such channel any more is a fault, and said as such


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
    mine = Delivery.objects.filter(pk=delivery.pk, lease=delivery.lease, state=Delivery.State.WAITING)
    if not delivery.lease or not mine.update(leased_until=now + LEASE, tries=F("tries") + 1):
        return None
    if delivery.tries > len(BACK_OFF):
        settle(delivery, Delivery.State.FAILED)
        return None
    return Attempt.objects.create(delivery=delivery, started_at=now)


def _failed(delivery: Delivery, row: Attempt, fault: DeliveryError) -> None:
    now = timezone.now()
    final = fault.permanent or fault.hopeless or fault.gone or delivery.tries >= len(BACK_OFF)
    with transaction.atomic():
        Attempt.objects.filter(pk=row.pk).update(ended_at=now, error=str(fault)[:500])
        if final:
            settle(delivery, Delivery.State.FAILED)
        else:
            wait = max(BACK_OFF[delivery.tries], fault.retry_after or 0)
            settle(delivery, Delivery.State.WAITING, due_at=now + timedelta(seconds=wait))
        if fault.busy and fault.retry_after:
            pacing.close(delivery.to, now + timedelta(seconds=fault.retry_after))
        if fault.gone:
            addressing.drop(delivery.to, str(fault))
        elif fault.permanent:
            addressing.shut(delivery.to, str(fault), now)
