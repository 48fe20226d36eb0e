"""Quiet defaults: the subscriptions of each role, or of everybody, made once and then the staff's to change."""

from __future__ import annotations

from django.db import transaction

from config import options
from config.people import ALL
from notifications.event import declared
from notifications.models import Subscription
from notifications.recipients import Recipient

EVERYBODY = "everybody"


def give() -> int:
    """Subscribe each role, or everybody, to the events declared for them.

    What was given before stays as staff left it. How many subscriptions are new.
    """
    given = set(options.fresh().defaults_given)
    wanted = {(event.key, role) for event in declared().values() for role in event.defaults}
    new = {(key, role) for key, role in wanted if f"{key} {role}" not in given}
    if new:
        with transaction.atomic():
            for key, role in sorted(new):
                kind, name = whom(role)
                Subscription.objects.get_or_create(event=key, recipient_kind=kind, recipient_key=name)
            options.change(defaults_given=sorted(given | {f"{key} {role}" for key, role in new}))
    return len(new)


def whom(name: str) -> Recipient:
    """Who is meant by a name among an event's defaults."""
    return (EVERYBODY, ALL) if name == EVERYBODY else ("role", name)
