"""Set-up: what must exist before the first page, and the first administrator."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from agents import roster, shifts
from config import defaults, demo, options, timetable
from config.models import Option, Role, User
from notifications import plans
from notifications.delivery import leases
from notifications.duty import escalation


class Refused(Exception):
    """The token is wrong, or there is an administrator already."""


def prepare(with_demo: bool) -> str:
    """Make what must exist before anything else runs; the address to open first, with its token where one is needed."""
    roster.here()
    shifts.release()
    leases.release()
    plans.hold(timezone.now())
    escalation.hold(timezone.now())
    if not Option.objects.filter(name="time_zone").exists():
        options.change(time_zone=options.machine_zone())
    defaults.give()
    timetable.install()
    if with_demo:
        demo.make()
        return settings.PUBLIC_URL + reverse("demo_link", args=[demo.token()])
    if is_open():
        return settings.PUBLIC_URL + reverse("setup", args=[token()])
    return settings.PUBLIC_URL + "/"


def is_open() -> bool:
    """Is there no administrator yet?"""
    return not User.objects.filter(role=Role.ADMINISTRATOR).exists()


def token() -> str:
    """What proves that somebody can read the console; made once."""
    if not options.fresh().setup_token:
        options.change(setup_token=secrets.token_urlsafe(18))
    return options.fresh().setup_token


def first_administrator(given: str, name: str, email: str, password: str) -> User:
    """Make the first administrator; raises Refused, or ValidationError for a weak password."""
    with transaction.atomic():
        if not is_open() or not secrets.compare_digest(given.encode(), token().encode()):
            raise Refused
        user = User(name=name, email=email)
        validate_password(password, user)
        user = User.objects.create_user(email, password, name=name, role=Role.ADMINISTRATOR)
        options.change(setup_token=secrets.token_urlsafe(18))
    return user
