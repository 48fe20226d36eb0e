"""Ending what an e-mail tells of, by a signed link in it: whoever holds the mail needs no sign-in.

What the link carries: whose notice it was, its address, and the subscriptions that caused it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.urls import reverse

from notifications import actions, general, hearing, house, recipients
from notifications.delivery import addressing
from notifications.event import GENERAL, declared
from notifications.models import Address, Delivery, Subscription

SALT = "notifications.unsubscribing"


class BadLink(ValueError):
    """No link of ours, or its reader is no more."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why somebody got an e-mail: the subscriptions, as far as they are still there, and the address it went to.

    What came by duty as well (`by_duty`) goes on coming by it.
    """

    person: Any
    address: Address | None
    rows: tuple[Subscription, ...]
    by_subscription: bool
    is_general: bool = False
    by_duty: bool = False

    @property
    def is_over(self) -> bool:
        """Is there nothing left to end?"""
        if self.by_subscription:
            return not self.rows
        if self.is_general and self.address is not None and self.address.wanted:
            return not general.comes_by(self.person, self.address.channel)
        return self.address is None or not self.address.wanted


def link(delivery: Delivery) -> str:
    """The address at which the reader of this delivery ends what caused it."""
    notice = delivery.notice
    about = [notice.recipient_type_id, notice.recipient_id, delivery.address_id, notice.why, notice.event == GENERAL]
    return house.url(reverse("unsubscribe", args=[signing.dumps(about, salt=SALT)]))


def read(token: str) -> Cause:
    """What a link is about; raises BadLink."""
    try:
        kind, pk, address, why, is_general = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadLink from None
    content_type = ContentType.objects.filter(pk=kind).first()
    model = content_type.model_class() if content_type else None
    person = model._base_manager.filter(pk=pk).first() if model else None
    if person is None:
        raise BadLink
    found = hearing.in_force(person, Subscription.objects.filter(pk__in=why, off=False))
    rows = tuple(row for row in found if row.recipient_kind != recipients.ON_CALL)
    to = Address.objects.of(person).filter(pk=address).first()
    return Cause(person, to, rows, bool(why), is_general, by_duty=len(rows) < len(found))


def words(row: Subscription) -> str:
    """What a subscription tells of."""
    event = declared().get(row.event)
    return (event.label if event else row.event) + (f": {row.about}" if row.about else "")


def end(cause: Cause) -> list[str]:
    """End the subscriptions, those of a role for this person alone; in words what was ended, nothing a second time.

    General notices come by this channel no more, and nobody loses them: the inbox has them. What was written to
    somebody has no subscription: then e-mail as such is turned off.
    """
    own = recipients.own(cause.person)
    if cause.is_general and own is not None:
        return _end_general(cause)
    if not cause.by_subscription or own is None:
        return end_email(cause)
    ended = [words(row) for row in cause.rows]
    for row in cause.rows:
        if row.recipient == own:
            actions.unsubscribe(row, cause.person)
        else:
            actions.turn_off(cause.person, row, cause.person)
    return ended


def _end_general(cause: Cause) -> list[str]:
    if cause.is_over or cause.address is None:
        return []
    general.without(cause.person, cause.address.channel)
    return [f"general notices to {cause.address.value}; they stay in the inbox"]


def end_email(cause: Cause) -> list[str]:
    """Send nothing to this address any more; in words what was ended, nothing a second time."""
    if cause.address is None or not cause.address.wanted:
        return []
    addressing.turn(cause.address, False)
    return [f"every e-mail to {cause.address.value}"]
