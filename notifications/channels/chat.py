"""Chat: a notice in Slack, Teams, Telegram and others, by Apprise.

Apprise makes its own requests. So only services whose host is written down in Apprise are taken (for Teams, whose
addresses differ, the host is checked), nothing of what an address may ask for beside, and no redirect is followed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType, PersistentStoreMode
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.pushover import NotifyPushover
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from apprise.plugins.webexteams import NotifyWebexTeams
from apprise.plugins.workflows import NotifyWorkflows
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.html import escape

from notifications import house
from notifications.channels.channel import Channel, DeliveryError, Parts
from notifications.models import Address, Delivery

LONGEST = 1000
# Where workflows of Teams and Power Automate answer (Microsoft). What is before is given out by Microsoft alone.
WORKFLOWS = (".logic.azure.com", ".powerplatform.com")
# What Microsoft puts behind the address of a workflow, its signature among it.
KEPT = ("api-version", "sp", "sv", "sig")
# In a text these take such words for a call to everybody there, and Apprise leaves them as they are.
CALLS = re.compile(r"@(?=\S)|<(?=users/)")
CALLING = ("discord", "gchat", "wxteams")
NOTHING = "\u200b"
STATUS = re.compile(r"\berror=(\d{3})\b")
# These say that the address opens nothing (any more): the key was revoked, the chat or the hook deleted.
CLOSED = (401, 403, 404, 410)
TONES = {"down": NotifyType.FAILURE, "up": NotifyType.SUCCESS}


@dataclass(frozen=True, slots=True)
class Service:
    """A chat: its name, how its addresses begin, Apprise's plugin, and the hosts that it may ask (any, if fixed)."""

    label: str
    schema: str
    plugin: Any
    example: str
    hosts: tuple[str, ...] = ()


SERVICES = (
    Service("Slack", "slack", NotifySlack, "https://hooks.slack.com/services/T.../B.../..."),
    Service("Teams", "workflows", NotifyWorkflows, "https://....logic.azure.com/workflows/...?...&sig=...", WORKFLOWS),
    Service("Telegram", "tgram", NotifyTelegram, "tgram://BOT_TOKEN/CHAT_ID"),
    Service("Discord", "discord", NotifyDiscord, "https://discord.com/api/webhooks/.../..."),
    Service("Pushover", "pover", NotifyPushover, "pover://USER_KEY@APP_TOKEN"),
    Service("Google Chat", "gchat", NotifyGoogleChat, "https://chat.googleapis.com/v1/spaces/.../messages?key=..."),
    Service("Webex", "wxteams", NotifyWebexTeams, "https://webexapis.com/v1/webhooks/incoming/..."),
)
# Of their own addresses these keep keys in the query.
QUERIED = {"workflows": KEPT, "gchat": ("key", "token")}


class Chat(Channel):
    """A message to a chat. Apprise tells only the status of an answer, and hands no key on that marks a second try."""

    label = "Chat"
    icon = "message-chatbot"
    explains = "Slack, Teams, Telegram, Discord, Pushover, Google Chat or Webex: everybody in that chat reads it."
    loudness = 2
    rights = "notifications.chats"

    def fields(self) -> dict[str, forms.Field]:
        """An address as the service or Apprise writes it."""
        hint = "<br>".join(["As the service gives it:", *(f"{one.label}: {escape(one.example)}" for one in SERVICES)])
        widget = forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"})
        return {"url": forms.CharField(label="Address", max_length=LONGEST, help_text=hint, widget=widget)}

    def clean(self, owner: Model, data: Mapping[str, Any]) -> Parts:
        """The service, and a mark by which one address is told from another; the address itself is a secret."""
        url = data["url"].strip()
        try:
            service, _ = opened(url)
        except ValueError as fault:
            raise ValidationError({"url": str(fault)}) from None
        mark = hashlib.sha256(url.encode()).hexdigest()[:6]
        return Parts(f"{service.label} ({mark})", url)

    def tell_code(self, address: Address, code: str) -> None:
        """Into the chat: whoever reads there may let notices in."""
        post(address, f"{code} is the code that lets {house.PRODUCT} send notices here.")

    def send(self, delivery: Delivery) -> None:
        """Hand it over to the service; raises DeliveryError, permanent where the address opens nothing any more."""
        notice = delivery.notice
        link = f"\n{house.url(notice.link)}" if notice.link else ""
        post(delivery.to, f"{notice.text}{link}", TONES.get(notice.tone, NotifyType.INFO))


def opened(url: str) -> tuple[Service, Any]:
    """The service that an address is of, and Apprise's object for it; raises ValueError with words for its form."""
    if not url.isprintable() or " " in url or len(url) > LONGEST:
        raise ValueError("Write one address, without blanks.")
    schema = url.partition("://")[0].lower()
    for service in SERVICES:
        if given := _given(service, schema, url):
            return service, _made(service, given)
    names = ", ".join(service.label for service in SERVICES)
    raise ValueError(f"This is no address of a service that is known here: {names}.")


def _given(service: Service, schema: str, url: str) -> dict[str, Any] | None:
    """What Apprise reads from an address of this service, in its own form or Apprise's; None where it is of another."""
    if schema == service.schema:
        if "?" in url:
            raise ValueError("Options behind a question mark are not taken.")
        found = service.plugin.parse_url(url)
        if not found:
            raise ValueError(f"This is no whole address of {service.label}: {service.example}")
        return dict(found)
    if schema != "https":
        return None
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] in QUERIED.get(service.schema, ())]
    found = service.plugin.parse_native_url(urlunsplit((*parts[:3], urlencode(query), "")))
    return dict(found) if found else None


def _made(service: Service, given: dict[str, Any]) -> Any:
    asset = AppriseAsset(
        app_id=house.PRODUCT,
        app_desc=house.PRODUCT,
        http_redirects=False,
        storage_mode=PersistentStoreMode.MEMORY,
        image_url_mask="",
        image_url_logo="",
        service_timeout=10.0,
    )
    try:
        made = service.plugin(**{**given, "asset": asset, "redirect": False, "verify": True, "template": None})
    except TypeError:
        raise ValueError(f"This is no whole address of {service.label}: {service.example}") from None
    if service.hosts and not (made.host.lower().endswith(service.hosts) and made.port in (None, 443)):
        raise ValueError(f"{service.label} answers at addresses that end with {' or '.join(service.hosts)}.")
    return made


def post(address: Address, text: str, tone: NotifyType = NotifyType.INFO) -> None:
    """Send a text there; raises DeliveryError."""
    try:
        service, made = opened(address.secrets)
    except ValueError:
        raise DeliveryError("The address of this chat cannot be opened: remove it and add it again") from None
    road = Apprise(asset=made.asset)
    road.add(made)
    said: list[str] = []
    if road.notify(
        body=CALLS.sub(rf"\g<0>{NOTHING}", text) if service.schema in CALLING else text,
        notify_type=tone,
        body_format=NotifyFormat.TEXT,
        log_callback=lambda entry, service: said.append(entry.message),
    ):
        return
    # Apprise says nowhere else what was answered.
    status = [int(found) for line in said for found in STATUS.findall(line)]
    if not status:
        raise DeliveryError(f"{service.label} cannot be reached")
    raise DeliveryError(f"{service.label} answers {status[-1]}", permanent=status[-1] in CLOSED)
