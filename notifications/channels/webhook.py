"""Webhook: a notice posted to an address of the reader's own, signed by Standard Webhooks (standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import timezone

from notifications import acknowledging, house
from notifications.channels import outgoing
from notifications.channels.channel import Channel, DeliveryError, Parts
from notifications.channels.waits import retry_after
from notifications.models import Address, Delivery, Notice

PREFIX = "whsec_"
# The specification has 24 to 64 octets.
OCTETS = 32
# So long what is sent is signed by the former secret as well.
OVERLAP = timedelta(hours=24)
# Whoever presses the button again has lost what it showed, and uses the one before.
MOST_FORMER = 5
# This message will never be taken; every other answer may be another one when somebody has mended the other side.
HOPELESS = (400, 406, 411, 413, 414, 415, 422, 431)
UNREADABLE = "The secret of this webhook cannot be opened: give it a new one"


class Webhook(Channel):
    """A signed request; `webhook-id` is the same from try to try, so that a second one is known as such.

    The code is in the first event: who can read what arrives there may have notices sent there. That something answers
    2xx would prove nothing, for many hosts do so to whatever comes.
    """

    label = "Webhook"
    icon = "webhook"
    explains = (
        "A signed request (Standard Webhooks, JSON) to a program of your own. The code is the first event that it gets."
    )
    loudness = 2
    renews = "New secret"

    def fields(self) -> dict[str, forms.Field]:
        """An address."""
        hint = "It begins with https. Redirects are not followed."
        widget = forms.TextInput(attrs={"type": "url", "autocomplete": "off", "spellcheck": "false"})
        return {"url": forms.CharField(label="Address", max_length=outgoing.LONGEST, help_text=hint, widget=widget)}

    def clean(self, owner: Model, data: Mapping[str, Any]) -> Parts:
        """The address, and a secret that nobody else knows."""
        try:
            outgoing.parts_of(data["url"], settings.WEBHOOK_PRIVATE)
        except ValueError as fault:
            raise ValidationError({"url": str(fault)}) from None
        secret = new_secret()
        return Parts(data["url"], json.dumps({"secret": secret}), shown_once=secret)

    def host(self, address: Address) -> str:
        """The one address: behind a host there may be those of many. Not as it is, for a key may be in it."""
        return hashlib.sha256(address.value.encode()).hexdigest()[:32]

    def shown(self, address: Address) -> str:
        """Without the query, in which a key may be."""
        return address.value.partition("?")[0]

    def renew(self, address: Address, now: datetime) -> str:
        """A new secret; for a day the former one signs beside it, and those before it to the end of theirs."""
        kept, secret = _kept(address), new_secret()
        former = [[kept["secret"], (now + OVERLAP).isoformat()]] if kept.get("secret") else []
        address.secrets = json.dumps({"secret": secret, "former": (former + _former(kept, now))[:MOST_FORMER]})
        address.save(update_fields=["secrets"])
        return secret

    def tell_code(self, address: Address, code: str) -> None:
        """The first event: `address.verify`, with the code."""
        said = f"{code} is the code that lets {house.PRODUCT} send notices here."
        self._post(
            address, f"code_{secrets.token_hex(12)}", event("address.verify", timezone.now(), code=code, text=said)
        )

    def send(self, delivery: Delivery) -> None:
        """Post it; raises DeliveryError, gone where the other side says so (410)."""
        self._post(delivery.to, mark(delivery), payload(delivery.notice))

    def _post(self, address: Address, ident: str, content: Mapping[str, Any]) -> None:
        now, body = timezone.now(), outgoing.as_json(content)
        keys = signing(address, now)
        if not keys:
            raise DeliveryError(UNREADABLE)
        try:
            answer = outgoing.post(address.value, body, headers(ident, now, body, keys), settings.WEBHOOK_PRIVATE)
        except outgoing.Unreached as fault:
            raise DeliveryError(str(fault)) from None
        if not 200 <= answer.status < 300:
            raise explained(answer)


def new_secret() -> str:
    """A secret as Standard Webhooks writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(OCTETS)).decode()


def signing(address: Address, now: datetime) -> list[str]:
    """The secrets that sign at this moment, the newest first; none where no key of today opens them."""
    kept = _kept(address)
    return [kept["secret"], *(secret for secret, _ in _former(kept, now))] if kept.get("secret") else []


def _former(kept: dict[str, Any], now: datetime) -> list[list[str]]:
    """Former secrets that sign still, and until when, the newest first."""
    return [one for one in kept.get("former", []) if now < datetime.fromisoformat(one[1])]


def _kept(address: Address) -> dict[str, Any]:
    return json.loads(address.secrets) if address.secrets else {}


def headers(ident: str, now: datetime, body: bytes, keys: list[str]) -> dict[str, str]:
    """The header fields of a request: one signature for each secret, with blanks between them."""
    at = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": house.PRODUCT,
        "webhook-id": ident,
        "webhook-timestamp": at,
        "webhook-signature": " ".join(signature(key, ident, at, body) for key in keys),
    }


def signature(secret: str, ident: str, at: str, body: bytes) -> str:
    """The version, and the HMAC (SHA-256, base64) of the id, the time and the body with full stops between them."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{ident}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def mark(delivery: Delivery) -> str:
    """The id of a message: the same at each try, and another one for each address."""
    return f"msg_{delivery.notice.fingerprint[:32]}_{delivery.address_id}"


def event(kind: str, at: datetime, **data: Any) -> dict[str, Any]:
    """A body as Standard Webhooks has it: what it is, when it came about, and what is told."""
    return {"type": kind, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}


def payload(notice: Notice) -> dict[str, Any]:
    """The notice: its event, line, link and tone, and what it is about."""
    about = {"kind": f"{notice.kind.app_label}.{notice.kind.model}", "id": notice.object_id}
    return event(
        notice.event or "notice",
        notice.due_at,
        event=notice.event or "notice",
        text=notice.text,
        link=house.url(notice.link or "/"),
        tone=notice.tone,
        object=about | {"name": str(notice.about) if notice.about else ""},
        **({"acknowledge": way} if (way := acknowledging.link(notice)) else {}),
    )


def explained(answer: outgoing.Answer) -> DeliveryError:
    """What an answer that is no success means."""
    status = answer.status
    hint = ", which leads elsewhere and is not followed" if 300 <= status < 400 else ""
    return DeliveryError(
        f"The webhook answers {status}{hint}",
        gone=status == 410,
        hopeless=status in HOPELESS,
        busy=status in (429, 503),
        retry_after=retry_after(answer.headers) if status in (429, 503) else None,
    )
