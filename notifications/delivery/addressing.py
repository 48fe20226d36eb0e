"""What is done to addresses: turned off and on, removed, tried out. Their owner is told of what they did not do."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from notifications import audit, engine, general, outbox, recipients
from notifications.channels.channel import is_quick, named
from notifications.delivery.leaving import remove as remove
from notifications.delivery.leaving import withdraw
from notifications.event import GENERAL
from notifications.models import Address, Delivery

NEVER_SENT = (Delivery.State.WITHDRAWN, Delivery.State.HELD, Delivery.State.DIGESTED)
# It stands in the inbox too, whatever became of it elsewhere.
TEST = "This is a test of {label}: it works if you read it there"


def shut(address: Address, why: str, now: datetime) -> None:
    """It does not work: send nothing there, and tell its owner by their other addresses."""
    with transaction.atomic():
        if Address.objects.filter(pk=address.pk, off_at=None).update(off_at=now, off_reason=why[:300]):
            withdraw(address)
            _consider(address, now)
            _tell(address, f"{_called(address)} does not work and was turned off: {why}")


def _consider(address: Address, now: datetime) -> None:
    """Tell whoever sees to others that it does not work; its owner hears of it anyway."""
    after = Address.objects.get(pk=address.pk)
    before = copy(after)
    before.off_at, before.off_reason = None, ""
    with audit.acting(address.owner):
        engine.consider([(before, after)], now)


def drop(address: Address, why: str) -> None:
    """It is no more: remove it, and tell its owner by their other addresses."""
    with transaction.atomic():
        if remove(address):
            _tell(address, f"{_called(address)} takes no notices any more and was removed: {why}")


def turn(address: Address, on: bool) -> None:
    """Its owner wants it, or not; what did not work before is tried again."""
    with transaction.atomic():
        Address.objects.filter(pk=address.pk).update(wanted=on, off_at=None, off_reason="")
        if not on:
            withdraw(address)


def test(address: Address, now: datetime) -> Delivery:
    """Send a notice to this address alone; the one that is under way already where there is one."""
    waiting = Delivery.objects.filter(address=address, state=Delivery.State.WAITING, tries=0, notice__event="")
    if found := waiting.first():
        return found
    person: Any = address.owner
    channel = named(address.channel)
    with transaction.atomic():
        notice = outbox.written(
            person, TEST.format(label=address.label or channel.label), reverse("channels"), person, now
        )
        # Only that of the inbox itself is news to whoever pressed the button.
        notice.read_at = None if channel.quick else now
        notice.save()
        delivery = Delivery.by(address, notice, now)
        delivery.save()
        recipients.wake()
    return delivery


def end(person: models.Model) -> int:
    """For somebody who leaves: remove what they had added, and send them nothing more; how many browsers it were."""
    with transaction.atomic():
        theirs = list(Address.objects.of(person).filter(given=False))
        for address in theirs:
            remove(address)
        for address in Address.objects.of(person):
            withdraw(address)
    return sum(address.channel == "webpush" for address in theirs)


def last_deliveries(addresses: list[Address]) -> dict[int, Delivery]:
    """The newest delivery to each address of which a try has begun or that waits for its first, by the address's pk."""
    newest = models.Max("deliveries__pk", filter=~Q(deliveries__state__in=NEVER_SENT))
    keys = Address.objects.filter(pk__in=[one.pk for one in addresses]).annotate(newest=newest).values_list("newest")
    found = Delivery.objects.filter(pk__in=[pk for (pk,) in keys if pk]).prefetch_related("attempts")
    return {delivery.address_id: delivery for delivery in found if delivery.address_id}


def _called(address: Address) -> str:
    return address.label or f"{named(address.channel).label} to {named(address.channel).shown(address)}"


def _tell(address: Address, text: str) -> None:
    """Tell its owner, as of anything general; where that is by no more than the inbox, by whatever reaches them."""
    person: Any = address.owner
    if person is None or not getattr(person, "is_active", True):
        return
    now, channels = timezone.now(), general.channels([person])[person]
    reaches = recipients.addresses([person])
    if all(is_quick(one.channel) for one in outbox.chosen(channels, reaches)):
        channels |= {one.channel for one in reaches}
    notice = outbox.written(person, text, reverse("channels"), person, now, GENERAL)
    outbox.post([outbox.Letter(notice, person, channels, urgent=True)], now)
