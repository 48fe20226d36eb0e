"""Invitations: an administrator hands over a link, and whoever opens it becomes one of the staff.

The link's token is kept as a hash alone; it works once, within seven days, and only while whoever made it still is an
administrator. Until it is used there is no account.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

from anymail.exceptions import AnymailError
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_q.tasks import async_task

from config import options, starters
from config.models import Invitation, User
from notifications import actions, audit
from notifications.recipients import PERSON

LASTS = timedelta(days=7)
MAIL = """Hello {name},

{by} invites you to Towerwatch{isp}. With this link you choose a password, and are in:

{link}

It works once, until {until}. If you did not expect it, do nothing.
"""


class Gone(Exception):
    """The link opens nothing (any more); the text says why, and whom to ask."""


def invite(name: str, email: str, role: str, chosen: Sequence[str], by: User, now: datetime) -> tuple[Invitation, str]:
    """Invite somebody: the invitation, and its link, which nobody sees again. Raises IntegrityError for a second."""
    token = secrets.token_urlsafe(32)
    terms = {"name": name, "email": email.lower(), "role": role, "starters": list(chosen), "by": by}
    with transaction.atomic():
        row = Invitation.objects.create(**terms, hashed=_hash(token), created_at=now, expires_at=now + LASTS)
        audit.note("invited", f"as {row.get_role_display()}", row)
    return row, _link(token)


def renew(invitation: Invitation, now: datetime, by: User | None) -> str:
    """Another link for another seven days; the one before stops working. Raises Gone once it is used or taken back.

    Whoever renews it invites from then on: the first may be no administrator any more.
    """
    token = secrets.token_urlsafe(32)
    again = {"hashed": _hash(token), "expires_at": now + LASTS, "mail_fault": "", "by": by}
    with transaction.atomic():
        if not Invitation.objects.open().filter(pk=invitation.pk).update(**again):
            raise Gone("This invitation has been used or taken back meanwhile.")
        audit.note("invited_again", about=invitation)
    return _link(token)


def revoke(invitation: Invitation, now: datetime) -> None:
    """Take an invitation back: its link opens nothing any more."""
    with transaction.atomic():
        if Invitation.objects.open().filter(pk=invitation.pk).update(revoked_at=now):
            audit.note("invitation_revoked", about=invitation)


def find(token: str, now: datetime) -> Invitation:
    """The invitation that a link is of; raises Gone."""
    row = Invitation.objects.select_related("by").filter(hashed=_hash(token)).first()
    if row is None:
        raise Gone("This link is not, or not any more, an invitation. Ask an administrator for another one.")
    ask = f"Ask {row.by or 'an administrator'} for another one."
    if row.used_at:
        raise Gone("This invitation has been used already: sign in with the password that was chosen then.")
    if row.revoked_at or row.by is None or not row.by.is_administrator:
        raise Gone("This invitation was taken back. Ask an administrator.")
    if row.is_over(now):
        raise Gone(f"This invitation is more than seven days old. {ask}")
    return row


def accept(token: str, name: str, password: str, now: datetime) -> User:
    """Make the account of whoever opened the link. Raises Gone, or ValidationError for a weak password."""
    row = find(token, now)
    user = User.objects.build(row.email, None, name=name, role=row.role)
    validate_password(password, user)
    user.set_password(password)
    try:
        with transaction.atomic(), audit.acting(user):
            # Of two who press at once, one changes the row, and only that one comes in.
            if not Invitation.objects.open().filter(pk=row.pk, hashed=_hash(token)).update(used_at=now):
                raise Gone("This invitation has been used already: sign in with the password that was chosen then.")
            user.save()
            audit.note("came_in", f"invited by {row.by}", user)
            _begin(user, row)
    except IntegrityError:
        raise Gone(f"Somebody signs in with {row.email} already. Ask {row.by}.") from None
    return user


def _begin(user: User, row: Invitation) -> None:
    wanted: dict[str, dict[str, Any]] = {key: {} for key, _ in starters.of(row.role) if key in row.starters}
    actions.choose((PERSON, str(user.pk)), None, wanted, wanted, user)


def can_mail() -> bool:
    """Is there a way to send e-mail?"""
    return bool(settings.EMAIL_READY)


def mail_later(invitation: Invitation, by: User) -> None:
    """Have the queue send it in the name of `by`; the link is made there, so that the queue never holds it."""
    Invitation.objects.open().filter(pk=invitation.pk).update(by=by)
    transaction.on_commit(lambda: async_task("config.jobs.mail_invitation", invitation.pk, cluster="default"))


def mail(invitation: Invitation, now: datetime) -> None:
    """Send a new link to the address that is invited, and write down whether it went."""
    try:
        link = renew(invitation, now, invitation.by)
    except Gone:
        return
    until = timezone.localtime(now + LASTS)
    isp = f" of {options.current().isp_name}" if options.current().isp_name else ""
    words = {
        "name": invitation.name,
        "by": invitation.by,
        "isp": isp,
        "link": link,
        "until": date_format(until, "j F Y"),
    }
    try:
        send_mail("Your invitation to Towerwatch", MAIL.format(**words), None, [invitation.email])
    except (OSError, SMTPException, AnymailError) as fault:
        Invitation.objects.filter(pk=invitation.pk).update(mail_fault=str(fault)[:300])
    else:
        Invitation.objects.filter(pk=invitation.pk).update(mailed_at=now)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _link(token: str) -> str:
    return settings.PUBLIC_URL + reverse("invitation", args=[token])
