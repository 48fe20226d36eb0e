"""Jobs of this floor: they find their own work, so a lost, late or doubled task changes nothing."""

from __future__ import annotations

from django.utils import timezone

from notifications import firing, interest, planning, reading, upkeep
from notifications.delivery import carriers, storm
from notifications.duty import escalation


def deliver() -> int:
    """Send what waits in the outbox, of storms their digests; how many deliveries were tried before it returned."""
    storm.gather(timezone.now())
    return carriers.carry(timezone.now())


def fire() -> int:
    """Plan what was newly asked for, and tell what has come due; how many plans were settled."""
    planning.plan_new(timezone.now())
    return firing.fire(timezone.now())


def escalate() -> int:
    """Take on what nobody acknowledged in time, and bring back what was snoozed; how many notices that were."""
    return escalation.escalate(timezone.now()) + reading.bring_back(timezone.now())


def plan_all() -> int:
    """Every night: plan all subscriptions anew over the rows that exist; how many there are."""
    return planning.plan_all(timezone.now())


def sweep() -> int:
    """Forget notices that are older than is set; how many."""
    return upkeep.sweep(timezone.now()).notices


def forget_changes() -> int:
    """Delete what every process has read long ago of changed subscriptions; how many rows."""
    return interest.forget()
