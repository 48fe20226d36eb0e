"""General notices: everyone has them, and nobody can lose them; each chooses by which channels they come.

What somebody chose is kept as a subscription of their own to the event, which asks for nothing: without one they come
by that person's defaults. The inbox has them in any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from notifications import interest, recipients, terms
from notifications.event import GENERAL
from notifications.models import Subscription

INBOX = "inbox"


def channels(people: Iterable[models.Model]) -> dict[models.Model, frozenset[str]]:
    """By which channels each of these people is told ("": their defaults); one query for all."""
    own = {person: recipients.own(person) for person in people}
    keys = [to[1] for to in own.values() if to]
    rows = Subscription.objects.filter(event=GENERAL, recipient_kind=recipients.PERSON, recipient_key__in=keys)
    chosen = {row.recipient: frozenset(row.channels) for row in rows}
    return {person: (to and chosen.get(to)) or interest.DEFAULTS for person, to in own.items()}


def comes_by(person: Any, channel: str) -> bool:
    """Does this user get general notices by that channel, where it reaches them?"""
    names = channels([person])[person]
    return "" in names or channel in names


def without(person: Any, channel: str) -> None:
    """Tell this user by all the channels of before but this one; the inbox is always among them."""
    names = channels([person])[person]
    before = terms.usable(person) if "" in names else names
    choose(person, {INBOX, *before} - {channel})


def choose(person: Any, names: Iterable[str], by: Any = None) -> None:
    """Tell this user by these channels and the inbox from now on; none: by their defaults. `by` is who says so."""
    to = recipients.PERSON, str(person.pk)
    wanted = sorted(set(names))
    with transaction.atomic():
        row = Subscription.objects.to(to).filter(event=GENERAL).select_for_update().first()
        if row is None and wanted:
            mine = {"event": GENERAL, "recipient_kind": to[0], "recipient_key": to[1], "object_id": None}
            # By the constraint: two windows may say so at the same moment.
            row, _ = Subscription.objects.get_or_create(**mine, defaults={"created_by": by or person})
        if row is None or row.channels == wanted:
            return
        if wanted:
            row.channels = wanted
            row.save()
        else:
            row.delete()
