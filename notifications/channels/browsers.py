"""Browsers that take web push: which push services are theirs, who registered one, and what it is called."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from notifications.channels.push_key import CURVE, unpacked
from notifications.delivery import addressing
from notifications.models import Address

CHANNEL = "webpush"
# The push services of Chrome, Edge and Opera (Google, Microsoft), Firefox (Mozilla) and Safari (Apple). Whoever
# registers says where we are to send, so that it must be one of these.
SERVICES = ("fcm.googleapis.com", ".push.services.mozilla.com", ".notify.windows.com", ".push.apple.com")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Of "https://a.example\.push.apple.com/" one reader takes the whole for the host, and another what is before the sign.
NAMED = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
LONGEST = 1000
MOST = 20
# The first sign that is found says it: later ones claim to be earlier ones.
NAMES = {
    "Edge": r"Edg(A|iOS)?/",
    "Opera": r"OPR/",
    "Samsung Internet": r"SamsungBrowser/",
    "Firefox": r"Firefox/|FxiOS/",
    "Chrome": r"Chrom(e|ium)/|CriOS/",
    "Safari": r"Safari/",
}
SYSTEMS = {
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Android": r"Android",
    "Windows": r"Windows",
    "ChromeOS": r"CrOS",
    "macOS": r"Mac OS X|Macintosh",
    "Linux": r"Linux|X11",
}


class Refused(ValueError):
    """This is no registration that we take; the text says why."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a browser gave us: where to send, and its keys, with which only it can read what is sent (RFC 8291)."""

    endpoint: str
    p256dh: str
    auth: str

    @property
    def secrets(self) -> str:
        """The keys as an address keeps them."""
        return json.dumps({"p256dh": self.p256dh, "auth": self.auth})


def read(data: Any) -> Registration:
    """A PushSubscription as its browser writes it in JSON; raises Refused, naming what is wrong."""
    if not isinstance(data, dict) or not isinstance(data.get("keys"), dict):
        raise Refused("endpoint and keys are wanted")
    endpoint, keys = data.get("endpoint"), data["keys"]
    if not isinstance(endpoint, str) or not 0 < len(endpoint) <= LONGEST:
        raise Refused(f"endpoint: an address of at most {LONGEST} signs is wanted")
    if fault := refusal(endpoint):
        raise Refused(f"endpoint: {fault}")
    _check_point(keys.get("p256dh"))
    if len(_octets("auth", keys.get("auth"))) != 16:
        raise Refused("auth: 16 octets are wanted")
    return Registration(endpoint, keys["p256dh"], keys["auth"])


def _octets(name: str, value: Any) -> bytes:
    if not isinstance(value, str) or len(value) > 200:
        raise Refused(f"{name}: a key is wanted")
    try:
        return unpacked(value)
    except ValueError:
        raise Refused(f"{name}: this is not base64url") from None


def _check_point(value: Any) -> None:
    octets = _octets("p256dh", value)
    try:
        if len(octets) != 65:
            raise ValueError
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, octets)
    except ValueError:
        raise Refused("p256dh: this is no point of the curve P-256") from None


def refusal(endpoint: str) -> str:
    """Why nothing is sent to this endpoint; nothing where it is one of a push service that we know."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "it is no address"
    if "@" in parts.netloc or any(sign.isspace() or not sign.isprintable() for sign in endpoint):
        return "it is no address of a push service"
    if host in LOOPBACK and host in settings.PUSH_HOSTS:
        return "" if parts.scheme in ("http", "https") else "it must begin with https"
    if parts.scheme != "https" or port not in (None, 443):
        return "it must begin with https, and name no port"
    if not NAMED.fullmatch(host):
        return "it is no address of a push service"
    known = host not in LOOPBACK and any(_is_of(host, service) for service in (*SERVICES, *settings.PUSH_HOSTS))
    return "" if known else f"{host} is no push service that is known here"


def _is_of(host: str, service: str) -> bool:
    return host.endswith(service) if service.startswith(".") else host == service


@transaction.atomic
def register(person: models.Model, given: Registration, user_agent: str, former: str = "") -> Address:
    """Send to this browser from now on, and to nobody else by it; `former` is its last endpoint, where it had another.

    Raises Refused where somebody has too many.
    """
    mine = Address.objects.of(person).filter(channel=CHANNEL)
    for other in Address.objects.filter(channel=CHANNEL, value__in=_endpoints(given, former)).exclude(pk__in=mine):
        addressing.remove(other)
    row = mine.filter(value=given.endpoint).first() or (former and mine.filter(value=former).first())
    if not row and mine.filter(wanted=True).count() >= MOST:
        raise Refused(f"you have {MOST} browsers already: remove one of them first")
    row = row or Address(owner=person, channel=CHANNEL)
    row.value, row.secrets, row.label = given.endpoint, given.secrets, row.label or described(user_agent)
    row.wanted, row.off_at, row.off_reason = True, None, ""
    row.verified_at = row.verified_at or timezone.now()
    row.save()
    return row


def sync(person: models.Model, given: Registration, user_agent: str, former: str = "") -> bool:
    """At a sign-in: whose this browser is. False where they removed it from elsewhere: it is to forget us."""
    mine = Address.objects.of(person).filter(channel=CHANNEL, value__in=_endpoints(given, former))
    if removed := list(mine.filter(wanted=False)):
        for row in removed:
            addressing.remove(row)
        return False
    register(person, given, user_agent, former)
    return True


def _endpoints(given: Registration, former: str) -> list[str]:
    return [given.endpoint, former] if former else [given.endpoint]


def remove(person: models.Model, endpoint: str) -> bool:
    """Push was turned off in the browser itself; whether we knew it."""
    row = Address.objects.of(person).filter(channel=CHANNEL, value=endpoint).first()
    return row is not None and addressing.remove(row)


@transaction.atomic
def moved(former: str, given: Registration) -> bool:
    """The push service gave a browser another endpoint; whether we knew the former one, which only the browser did."""
    row = Address.objects.select_for_update().filter(channel=CHANNEL, value=former).first()
    if row is None:
        return False
    for other in Address.objects.filter(channel=CHANNEL, value=given.endpoint).exclude(pk=row.pk):
        addressing.remove(other)
    row.value, row.secrets = given.endpoint, given.secrets
    row.save(update_fields=["value", "secrets"])
    return True


def forget(address: Address) -> None:
    """Its owner wants no more notices there. It is kept without its keys until the browser comes by and is told."""
    addressing.turn(address, False)
    Address.objects.filter(pk=address.pk).update(secrets="")


def described(user_agent: str) -> str:
    """What a browser is called on the page of its owner, such as "Firefox on Linux"."""
    name = next((name for name, sign in NAMES.items() if re.search(sign, user_agent)), "A browser")
    system = next((name for name, sign in SYSTEMS.items() if re.search(sign, user_agent)), "")
    return f"{name} on {system}" if system else name
