"""Findings about the roads out of the house: does e-mail leave it, does push?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.mail import get_connection
from django.utils import timezone

from config.finding import Details, Finding, broken, look, works
from notifications import house
from notifications.channels import browsers, push_key
from notifications.channels.email import explained
from notifications.models import Address, Attempt

DAY = timedelta(days=1)
# The server is asked so often at most, however many look at the page, and may take so many seconds.
ASK_EVERY, PATIENCE = 300, 3
SET_UP = (
    "Start Towerwatch with EMAIL_URL=smtp+tls://USER:PASSWORD@HOST:587, or with EMAIL_PROVIDER and its keys, "
    "and with EMAIL_FROM."
)
SMS_FIX = "Look at SMS_PROVIDER and what belongs to it, with which Towerwatch was started, and at that account."
MEND = "Look at EMAIL_URL, EMAIL_PROVIDER and EMAIL_FROM, with which Towerwatch was started, and at that server."


def email(now: datetime) -> Finding:
    """Does e-mail leave the house?"""
    if settings.DEMO and not settings.EMAIL_READY:
        return works("E-mail is not set up: the demo tells nobody outside.")
    if not settings.EMAIL_READY:
        return look("E-mail is not set up: staff are told in the inbox and by push alone.", SET_UP)
    details = (("By", settings.EMAIL_ROAD), ("From", settings.DEFAULT_FROM_EMAIL), *_tries("email", now))
    if shut := cache.get_or_set("mail-server", _unreachable, ASK_EVERY):
        return broken(f"{shut}.", MEND, details)
    if said := _last_fault("email", now):
        return look(f"The last e-mail did not go: {said}", MEND, details)
    return works("E-mail is taken by the server.", details)


def _unreachable() -> str:
    """Why a mail server does not let us in; nothing where it does, or where it is a provider that is asked by HTTP."""
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        return ""
    backend: Any = get_connection(timeout=PATIENCE)
    try:
        backend.open()
        backend.connection.ehlo_or_helo_if_needed()
        backend.close()
    except OSError as fault:
        return str(explained(fault))
    return ""


def push(now: datetime) -> Finding:
    """Can browsers be pushed to?"""
    count = Address.objects.usable().filter(channel=browsers.CHANNEL).count()
    details = (("Browsers", str(count)), *_tries(browsers.CHANNEL, now))
    try:
        push_key.public()
    except push_key.Sealed as fault:
        return broken(str(fault), "Start Towerwatch with the SEAL_KEY of then: browsers know no other key.", details)
    if not settings.PUBLIC_URL.startswith("https://") and house.host() not in browsers.LOOPBACK:
        fix = "Serve it by https, behind a front server, and set PUBLIC_URL."
        return look("Browsers take push only from pages that came by https.", fix, details)
    if said := _last_fault(browsers.CHANNEL, now):
        return look(f"The last push did not go: {said}", "This machine must reach the push services by https.", details)
    return works("Push is ready.", details)


def _tries(channel: str, now: datetime) -> Details:
    of_a_day = Attempt.objects.filter(delivery__channel=channel, ended_at__gte=now - DAY)
    sent = of_a_day.filter(error="")
    last = sent.order_by("-pk").values_list("ended_at", flat=True).first()
    when: Details = (("Last delivered", f"{timezone.localtime(last):%Y-%m-%d %H:%M:%S}"),) if last else ()
    return (
        ("Sent in a day", str(sent.count())),
        ("Failed tries in a day", str(of_a_day.count() - sent.count())),
        *when,
    )


def _last_fault(channel: str, now: datetime) -> str:
    of_a_day = Attempt.objects.filter(delivery__channel=channel, ended_at__gte=now - DAY)
    return of_a_day.order_by("-pk").values_list("error", flat=True).first() or ""


def sms(now: datetime) -> Finding:
    """Do text messages leave the house?"""
    if not settings.SMS["provider"]:
        return works("SMS is not set up: nobody is told by it.")
    count = Address.objects.usable().filter(channel="sms").count()
    details = (("By", settings.SMS["provider"]), ("Numbers", str(count)), *_tries("sms", now))
    if said := _last_fault("sms", now):
        return look(f"The last text message did not go: {said}", SMS_FIX, details)
    return works("Text messages are taken by the provider.", details)


def others(now: datetime) -> Finding:
    """Do webhooks and chats take what is sent there?"""
    details: list[tuple[str, str]] = []
    for name, label in (("webhook", "Webhooks"), ("apprise", "Chats")):
        known = Address.objects.filter(channel=name, wanted=True, verified_at__isnull=False)
        off = known.exclude(off_at=None).count()
        details += [(label, f"{known.count() - off} on, {off} turned off because they did not work")]
        details += [(f"{label}: {word}", value) for word, value in _tries(name, now)]
        if said := _last_fault(name, now):
            fix = "Its owner sees under My channels which one it is, and tries it out there."
            return look(f"The last one to one of the {label.lower()} did not go: {said}", fix, tuple(details))
    return works("Webhooks and chats take what is sent there.", tuple(details))
