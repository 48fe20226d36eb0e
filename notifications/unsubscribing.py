"""Ending what an e-mail tells of, by a signed link in it: whoever holds the mail needs no sign-in.

What the link carries: whose notice it was, its address, and the subscriptions that caused it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.urls import reverse

from notifications import actions, house, recipients
from notifications.delivery import addressing
from notifications.event import declared
from notifications.models import Address, Delivery, Subscription

SALT = "notifications.unsubscribing"


class BadLink(ValueError):
    """No link of ours, or its reader is no more."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why somebody got an e-mail: the subscriptions, as far as they are still there, and the address it went to."""

    person: Any
    address: Address | None
    rows: tuple[Subscription, ...]
    by_subscription: bool

    @property
    def is_over(self) -> bool:
        """Is there nothing left to end?"""
        if self.by_subscription:
            return not self.rows
        return self.address is None or not self.address.wanted


def link(delivery: Delivery) -> str:
    """The address at which the reader of this delivery ends what caused it."""
    notice = delivery.notice
    about = [notice.recipient_type_id, notice.recipient_id, delivery.address_id, notice.why]
    return house.url(reverse("unsubscribe", args=[signing.dumps(about, salt=SALT)]))


def read(token: str) -> Cause:
    """What a link is about; raises BadLink."""
    try:
        kind, pk, address, why = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadLink from None
    content_type = ContentType.objects.filter(pk=kind).first()
    model = content_type.model_class() if content_type else None
    person = model._base_manager.filter(pk=pk).first() if model else None
    if person is None:
        raise BadLink
    rows = tuple(_in_force(person, Subscription.objects.filter(pk__in=why, off=False)))
    return Cause(person, Address.objects.of(person).filter(pk=address).first(), rows, bool(why))


def _in_force(person: Any, rows: Iterable[Subscription]) -> Iterable[Subscription]:
    """Those that still reach this person: what they turned off for themselves does not."""
    own = recipients.own(person)
    turned_off = Subscription.objects.to(own).filter(off=True) if own else Subscription.objects.none()
    off = {(row.event, row.object_type_id, row.object_id) for row in turned_off}
    for row in rows:
        if row.recipient == own or not {(row.event, row.object_type_id, row.object_id), (row.event, None, None)} & off:
            yield row


def words(row: Subscription) -> str:
    """What a subscription tells of."""
    event = declared().get(row.event)
    return (event.label if event else row.event) + (f": {row.about}" if row.about else "")


def end(cause: Cause) -> list[str]:
    """End the subscriptions, those of a role for this person alone; in words what was ended, nothing a second time.

    What was written to somebody has no subscription: then e-mail as such is turned off.
    """
    own = recipients.own(cause.person)
    if not cause.by_subscription or own is None:
        return end_email(cause)
    ended = [words(row) for row in cause.rows]
    for row in cause.rows:
        if row.recipient == own:
            actions.unsubscribe(row, cause.person)
        else:
            actions.turn_off(cause.person, row, cause.person)
    return ended


def end_email(cause: Cause) -> list[str]:
    """Send nothing to this address any more; in words what was ended, nothing a second time."""
    if cause.address is None or not cause.address.wanted:
        return []
    addressing.turn(cause.address, False)
    return [f"every e-mail to {cause.address.value}"]
