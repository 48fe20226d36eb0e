"""Jobs of this floor: they find their own work, so a lost, late or doubled task changes nothing."""

from __future__ import annotations

from django.utils import timezone

from notifications import firing, interest, plans
from notifications.delivery import carriers


def deliver() -> int:
    """Send what waits in the outbox; how many deliveries were tried before it returned."""
    return carriers.carry(timezone.now())


def fire() -> int:
    """Plan what was newly asked for, and tell what has come due; how many plans were settled."""
    plans.plan_new(timezone.now())
    return firing.fire(timezone.now())


def plan_all() -> int:
    """Every night: plan all subscriptions anew over the rows that exist; how many there are."""
    return plans.plan_all(timezone.now())


def forget_changes() -> int:
    """Delete what every process has read long ago of changed subscriptions; how many rows."""
    return interest.forget()
