"""Somebody leaves for good: what there is to hand over, and the one step that ends everything they could do."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils import timezone

from config import staff
from config.models import Invitation, Token, User
from customers.models import Reminder
from customers.reminders import actions as reminders
from notifications import actions as notices
from notifications import audit, recipients
from notifications.event import declared
from notifications.models import Subscription
from outages import actions as incidents
from outages.models import Incident

LEFT = "left"


@dataclass(frozen=True, slots=True)
class Handover:
    """What somebody leaves behind: to hand over, to know of, and what ends with them."""

    incidents: list[Incident]
    for_others: list[str]
    ends: list[str]
    reminders: int


def look(user: User) -> Handover:
    """What there is at this moment."""
    open_ones = Incident.objects.open().filter(owner=user).select_related("equipment").order_by("opened_at", "pk")
    return Handover(list(open_ones), _for_others(user), _ends(user), _reminders(user))


def heirs(user: User) -> list[User]:
    """Those who may take over."""
    return [one for one in User.objects.working().exclude(pk=user.pk) if one.has_perm("outages.work")]


def leave(user: User, by: User, heir: User | None) -> None:
    """End everything, and hand the open incidents to `heir` (None: they are nobody's until somebody takes them).

    Done again, it changes nothing more. Raises staff.Refused for oneself and the last administrator.
    """
    with transaction.atomic():
        staff.turn_off(user, by)
        user.refresh_from_db()
        had = look(user)
        for incident in had.incidents:
            incidents.work(incident, {"owner": heir}, by, timezone.now())
        if heir is not None:
            reminders.hand_over(user, heir)
        _end(user)
        if user.left_at is None:
            user.left_at = timezone.now()
            user.set_unusable_password()
            user.save(update_fields=["left_at", "password"])
            audit.note(LEFT, _told(had, heir), user)


def told(user: User) -> list[str]:
    """What was handed over when they left, line by line; nothing for who is still here."""
    act = audit.acts_on(user).filter(what=LEFT).first() if user.left_at else None
    return act.text.splitlines() if act else []


def _end(user: User) -> None:
    notices.forget(user)
    for rows in (Token.objects, Authenticator.objects, SocialAccount.objects, EmailAddress.objects):
        rows.filter(user=user).delete()
    Invitation.objects.open().filter(by=user).update(revoked_at=timezone.now())


def _told(had: Handover, heir: User | None) -> str:
    to = f"to {heir}" if heir else "to nobody yet"
    lines = [f"Handed {to}: {incident}" for incident in had.incidents]
    lines += [f"Handed {to}: open reminders, {had.reminders}"] if had.reminders else []
    lines += [f"Goes on: {text}" for text in had.for_others]
    return "\n".join([*lines, *(f"Ended: {text}" for text in had.ends)])


def _for_others(user: User) -> list[str]:
    own = recipients.own(user)
    rows = Subscription.objects.filter(created_by=user, off=False, event__in=declared()).prefetch_related("about")
    words = (
        f"{recipients.name(row.recipient)}: “{declared()[row.event].label}”{f': {row.about}' if row.about else ''}"
        for row in rows.order_by("pk")
        if row.recipient != own
    )
    return list(words)


def _reminders(user: User) -> int:
    return int(Reminder.objects.open().filter(user=user).count())


def _ends(user: User) -> list[str]:
    counts: list[tuple[int, str]] = [
        (Token.objects.filter(user=user).count(), "API token"),
        (Subscription.objects.to(recipients.own(user) or ("", "")).count(), "subscription of their own"),
        (Invitation.objects.open().filter(by=user).count(), "open invitation"),
        (SocialAccount.objects.filter(user=user).count(), "GitHub account"),
        (int(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()), "second factor"),
    ]
    return [f"{count} {what}{'s' if count > 1 else ''}" for count, what in counts if count]
