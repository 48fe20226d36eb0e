"""Quiet defaults: the subscriptions that each role has from the start, made once and then the staff's to change."""

from __future__ import annotations

from django.db import transaction

from config import options
from notifications.event import declared
from notifications.models import Subscription


def give() -> int:
    """Subscribe each role to the events that are declared for it; one that was given before stays as staff left it."""
    given = set(options.fresh().defaults_given)
    wanted = {(event.key, role) for event in declared().values() for role in event.defaults}
    new = {(key, role) for key, role in wanted if f"{key} {role}" not in given}
    if new:
        with transaction.atomic():
            for key, role in sorted(new):
                Subscription.objects.get_or_create(event=key, recipient_kind="role", recipient_key=role)
            options.change(defaults_given=sorted(given | {f"{key} {role}" for key, role in new}))
    return len(new)
