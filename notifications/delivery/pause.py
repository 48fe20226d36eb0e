"""Sending paused: notices are still written, and wait in the outbox until somebody releases or discards them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifications import recipients
from notifications.models import Deliveries, Delivery, Pause


def current() -> Pause | None:
    """Since when nothing is sent, by whom and why; None while sending goes on."""
    return Pause.objects.select_related("by").first()


def is_paused() -> bool:
    """Is everything that would be sent held back?"""
    return Pause.objects.exists()


def pause(by: Any = None, why: str = "") -> Pause:
    """Send nothing from now on; where it is paused already, that stays as it is."""
    return Pause.objects.get_or_create(pk=Pause.ONLY, defaults={"since": timezone.now(), "by": by, "why": why[:200]})[0]


def resume() -> bool:
    """Send what waits, and whatever comes; whether it was paused."""
    with transaction.atomic():
        was = Pause.objects.all().delete()[0] > 0
        if was:
            recipients.wake()
    return was


def pending(now: datetime) -> Deliveries:
    """What would be sent now, and is in nobody's hands."""
    return Delivery.objects.due(now).select_related("notice", "address")


def discard(before: datetime) -> int:
    """Never send what was written up to this time and still waits; it stays in its reader's inbox. How many."""
    free = Q(leased_until=None) | Q(leased_until__lte=timezone.now())
    pending = (Delivery.State.WAITING, Delivery.State.HELD)
    rows = Delivery.objects.filter(free, state__in=pending, notice__created_at__lte=before)
    return rows.order_by().update(state=Delivery.State.WITHDRAWN, leased_until=None, lease="")
