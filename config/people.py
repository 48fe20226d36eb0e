"""Who may do what, and how subscriptions name the staff: the one table of roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.db import models

from config.models import Role, User
from notifications.recipients import RecipientKind


@dataclass(frozen=True)
class Right:
    """Something that a role may do: the permission that views ask for, its words, and who has it."""

    permission: str
    label: str
    roles: frozenset[Role]


EVERYBODY = frozenset(Role)
# The one key of the recipients "everybody".
ALL = "all"
ADMINISTRATOR, ENGINEER, OFFICE, TECHNICIAN = Role.ADMINISTRATOR, Role.ENGINEER, Role.OFFICE, Role.TECHNICIAN

MAY = (
    Right("outages.view", "See incidents, outages and the state of everything", EVERYBODY),
    Right("customers.view", "See customers, sites and equipment", EVERYBODY),
    Right("outages.work", "Acknowledge and work on incidents", EVERYBODY - {Role.MANAGER}),
    Right("customers.change_people", "Add and change customers and contacts", frozenset({ADMINISTRATOR, OFFICE})),
    Right("customers.read_meters", "Write down what meters say", EVERYBODY - {Role.MANAGER}),
    Right("customers.change_network", "Add and change sites and equipment", frozenset({ADMINISTRATOR, ENGINEER})),
    Right("outages.change_checks", "Set checks, intervals and rules", frozenset({ADMINISTRATOR, ENGINEER})),
    Right("outages.change_sources", "Connect a UISP, and synchronise with it", frozenset({ADMINISTRATOR, ENGINEER})),
    Right("customers.anonymise", "Take a former customer's name out of everything", frozenset({ADMINISTRATOR})),
    Right("outages.probe", "Ping and trace from an equipment's page", frozenset({ADMINISTRATOR, ENGINEER, TECHNICIAN})),
    Right("config.health", "See how Towerwatch itself is doing", EVERYBODY),
    Right("config.play", "Let something fail in the demo", frozenset({ADMINISTRATOR, ENGINEER})),
    Right("config.people", "Invite users, set roles, turn accounts off", frozenset({ADMINISTRATOR})),
    Right("config.audit", "Read who changed what", frozenset({ADMINISTRATOR, Role.MANAGER})),
    Right("notifications.delivery_log", "See what was sent to whom, and send it again", frozenset({ADMINISTRATOR})),
    Right("notifications.subscribe_others", "Say what others and each role hear of", frozenset({ADMINISTRATOR})),
    Right("notifications.extend", "Put off what is told if something lasts", EVERYBODY - {Role.MANAGER}),
    Right("notifications.view_duty", "See who is on duty", EVERYBODY),
    Right("notifications.change_duty", "Say who is on duty", frozenset({ADMINISTRATOR, ENGINEER})),
    Right("notifications.chats", "Have notices sent to a chat: Slack, Teams, Telegram ...", frozenset({ADMINISTRATOR})),
    Right("notifications.send", "Write notices to others from the page of an object", EVERYBODY),
    Right("notifications.announce", "Write a notice to everybody", frozenset({ADMINISTRATOR, Role.MANAGER})),
    Right("config.backups", "Back up, take backups away, let what was held back be sent", frozenset({ADMINISTRATOR})),
    Right("config.options", "Set the name, the time zone and the demo", frozenset({ADMINISTRATOR})),
)
GRANTED = {(right.permission, role) for right in MAY for role in right.roles}


def rights(user: User) -> list[Right]:
    """What the role of this user may do, in the order of the table."""
    return [right for right in MAY if (right.permission, user.role) in GRANTED]


class RoleBackend(BaseBackend):
    """Answers `user.has_perm()` from the table above; signing in is done elsewhere."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Does the role of this (active) user grant the permission? If not, no other backend is asked."""
        if user_obj.is_active and (perm, getattr(user_obj, "role", None)) in GRANTED:
            return True
        raise PermissionDenied


def _to_tell() -> models.QuerySet[User]:
    # A hundred of them are read within a save: without what is of no use there.
    return User.objects.working().defer("password", "last_login", "date_joined", "left_at")


def _users(keys: Iterable[str]) -> Iterable[tuple[str, models.Model]]:
    # An address may name anything; the database is asked for keys alone.
    known = [key for key in keys if key.isascii() and key.isdecimal() and len(key) < 19]
    return ((str(user.pk), user) for user in _to_tell().filter(pk__in=known))


def _user_choices() -> Iterable[tuple[str, str]]:
    return ((str(user.pk), str(user)) for user in User.objects.working())


def _user_name(key: str) -> str:
    return str(User.objects.filter(pk=key if key.isdecimal() else 0).first() or "somebody who has left")


def _roles(keys: Iterable[str]) -> Iterable[tuple[str, models.Model]]:
    return ((user.role, user) for user in _to_tell().filter(role__in=keys))


def _role_name(key: str) -> str:
    return dict(Role.choices).get(key, key)


def _everybody(keys: Iterable[str]) -> Iterable[tuple[str, models.Model]]:
    return ((key, user) for key in keys if key == ALL for user in _to_tell())


def _is_technician(key: str) -> bool:
    return bool(User.objects.filter(pk=key if key.isdecimal() else 0, role=TECHNICIAN).exists())


def _because_of_role(key: str) -> str:
    return f"everybody in the role {_role_name(key)} hears of it"


RECIPIENTS = [
    RecipientKind(
        "user",
        "One person",
        people=_users,
        because=lambda key: "you are subscribed to it",
        reaching=lambda user: [str(user.pk)],
        choices=_user_choices,
        name=_user_name,
        involved=_is_technician,
    ),
    RecipientKind(
        "role",
        "Everybody of a role",
        people=_roles,
        because=_because_of_role,
        reaching=lambda user: [user.role],
        choices=lambda: Role.choices,
        name=lambda key: f"everybody in the role {_role_name(key)}",
        involved=lambda key: key == TECHNICIAN,
    ),
    RecipientKind(
        "everybody",
        "The whole staff",
        people=_everybody,
        because=lambda key: "everybody here hears of it",
        reaching=lambda user: [ALL],
        choices=lambda: [(ALL, "Everybody")],
        name=lambda key: "everybody",
    ),
]
