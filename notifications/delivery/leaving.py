"""Addresses that are no more: what waits for one is not sent, and what was sent there is remembered."""

from __future__ import annotations

from django.db import transaction

from notifications.models import Address, Delivery


def remove(address: Address) -> bool:
    """Take it away; whether it was there."""
    with transaction.atomic():
        # First of all, so that nobody who writes to it waits for us while we wait for them.
        if not Address.objects.select_for_update().filter(pk=address.pk).exists():
            return False
        withdraw(address)
        Delivery.objects.filter(address=address.pk).update(address=None, gone=str(address)[:80])
        return bool(Address.objects.filter(pk=address.pk).delete()[0])


def withdraw(address: Address) -> None:
    """Send nothing of what waits for it."""
    waiting = Delivery.objects.filter(address=address.pk, state=Delivery.State.WAITING)
    waiting.update(state=Delivery.State.WITHDRAWN, leased_until=None, lease="")
