"""Actions on the staff: changing, turning off and on, admitting, and the link by which somebody chooses a password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from config.models import Role, User
from notifications import audit, hearing, outbox, recipients


class Refused(Exception):
    """This may not be done; the text says why."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that somebody hears of: its words, the one object it is about (None: all), and by what."""

    label: str
    about: Any
    by: str


def change(user: User, by: User, *, name: str, email: str, role: str) -> None:
    """Change somebody; a new role ends their sessions. Raises Refused for one's own, and the last administrator's."""
    with transaction.atomic():
        administrators, user = _locked(user)
        is_other_role = role != user.role
        if is_other_role:
            if user == by:
                raise Refused("Nobody changes their own role: another administrator can.")
            _keep_one_of(administrators, user)
            end_sessions(user)
        if email != user.email:
            # A row of the old address would go on opening this account.
            EmailAddress.objects.filter(user=user).delete()
        user.name, user.email, user.username, user.role = name, email, email, role
        user.save(update_fields=["name", "email", "username", "role"])
        if is_other_role:
            text = f"{by} gave you another role: {user.get_role_display()}"
            outbox.tell([user], text, reverse("me"), user, timezone.now())


def turn_off(user: User, by: User) -> None:
    """Nobody gets in with this account any more, from now on. Raises Refused for oneself and the last administrator."""
    with transaction.atomic():
        administrators, user = _locked(user)
        if user == by:
            raise Refused("You cannot turn your own account off: another administrator can.")
        _keep_one_of(administrators, user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        end_sessions(user)


def turn_on(user: User) -> None:
    """Let them in again: with the password they had, or, after they had left, with one that they choose by a link."""
    user.is_active, user.left_at = True, None
    user.save(update_fields=["is_active", "left_at"])


def rename(user: User, name: str) -> None:
    """Another name."""
    user.name = name
    user.save(update_fields=["name"])


def admit(user: User, *, name: str, email: str, role: str) -> None:
    """Give a role to somebody who waits. Raises Refused where another administrator has admitted or refused them."""
    try:
        with transaction.atomic():
            row = _waiting(user)
            row.name, row.email, row.username, row.role = name, email, email, role
            row.save(update_fields=["name", "email", "username", "role"])
            audit.note("admitted", f"as {row.get_role_display()}", row)
    except IntegrityError:
        raise Refused(f"Somebody signs in with {email} already.") from None


def refuse(user: User) -> None:
    """Somebody who waits is none of ours: their account stays closed. Raises Refused as `admit`."""
    with transaction.atomic():
        row = _waiting(user)
        row.is_active = False
        row.save(update_fields=["is_active"])
        end_sessions(row)
        audit.note("refused", about=row)


def reset_second_factor(user: User, by: User | None) -> None:
    """Take off a second factor that its owner has lost, end their sessions, and tell them; nothing without one."""
    with transaction.atomic():
        if Authenticator.objects.filter(user=user).delete()[0]:
            end_sessions(user)
            audit.note("second_factor_reset", about=user)
            text = f"{by or 'Whoever runs Towerwatch'} took your second factor off: set it up again under My account"
            outbox.tell([user], text, reverse("me"), user, timezone.now())


def end_sessions(user: User) -> None:
    """Sign somebody out everywhere: their very next request is a stranger's."""
    # A session's owner is inside its encoded data, where no query finds it.
    key = str(user.pk)
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == key:
            session.delete()


def password_link(user: User) -> str:
    """The address at which this user chooses a password: good once, and for as long as settings say.

    Whoever has it can be that user: that it was made is written down.
    """
    audit.note("password_link", about=user)
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    return settings.PUBLIC_URL + path


def hears(user: User) -> list[Heard]:
    """What this user is told, by their role and for themselves, in the order in which events are declared."""
    found = [one for one in hearing.of(user) if not one.off]
    return [
        Heard(one.event.label, one.row.about, "" if one.own else recipients.name(one.row.recipient)) for one in found
    ]


def _locked(user: User) -> tuple[list[User], User]:
    # Always in one order, so that two administrators cannot turn each other off at the same moment.
    rows = User.objects.select_for_update().filter(Q(role=Role.ADMINISTRATOR, is_active=True) | Q(pk=user.pk))
    by_key = {row.pk: row for row in rows.order_by("pk")}
    return [row for row in by_key.values() if row.is_administrator], by_key[user.pk]


def _waiting(user: User) -> User:
    row = User.objects.select_for_update().get(pk=user.pk)
    if not (row.is_active and row.is_waiting):
        raise Refused(f"{row} does not wait any more: another administrator has decided.")
    return row


def _keep_one_of(administrators: list[User], user: User) -> None:
    if administrators == [user]:
        raise Refused(f"{user} is the last active administrator: make another one first.")
