"""SMS as the environment sets it: a provider that speaks as Twilio does, or any gateway that is asked by HTTP."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import parse_qsl

from config import env
from config.env import BadValue

NEEDS = {"twilio": ("SMS_ACCOUNT", "SMS_TOKEN", "SMS_SENDER"), "gateway": ("SMS_URL", "SMS_FIELDS")}
AS = ("FORM", "JSON", "QUERY")
SENDER = re.compile(r"\+?\d{3,15}|[A-Za-z0-9 ]{1,11}|MG[0-9a-f]{32}")


def settings() -> dict[str, Any]:
    """What the provider needs, by name; `provider` is empty where SMS is not set up. A bad value stops the start."""
    chosen = env.read("SMS_PROVIDER", "", _provider)
    nothing: dict[str, str] = {}
    return {
        "provider": chosen,
        "sender": env.read("SMS_SENDER", "", _sender),
        "region": env.read("SMS_REGION", "US", _region),
        "sid": env.text("SMS_ACCOUNT"),
        "token": env.text("SMS_TOKEN"),
        "url": env.address("SMS_URL", "https://api.twilio.com", ("https", "http")),
        "method": env.choice("SMS_METHOD", "POST", ("POST", "GET", "PUT")),
        "as": env.choice("SMS_AS", "FORM", AS).lower(),
        "fields": env.read("SMS_FIELDS", nothing, _fields),
        "headers": env.read("SMS_HEADERS", nothing, _headers),
    }


def _provider(value: str) -> str:
    name = value.lower()
    if name not in NEEDS:
        raise BadValue(f"it must be one of {', '.join(NEEDS)}")
    if missing := [one for one in NEEDS[name] if not os.environ.get(one, "").strip()]:
        raise BadValue(f"{name} needs {' and '.join(missing)} as well")
    return name


def _sender(value: str) -> str:
    if not SENDER.fullmatch(value):
        raise BadValue("it must be a number such as +15550100, or a name of at most 11 letters and digits")
    return value


def _region(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise BadValue("it must be the two letters of a country, such as US or AT")
    return value.upper()


def _fields(value: str) -> dict[str, str]:
    found = dict(parse_qsl(value.replace("+", "%2B"), keep_blank_values=True))
    said = " ".join(found.values())
    if "{text}" not in said or not ("{to}" in said or "{digits}" in said):
        raise BadValue("it must hold {text} and {to}, such as to={to}&message={text}")
    return found


def _headers(value: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in value.split(";") if line.strip()]
    found = {name.strip(): text.strip() for name, _, text in pairs}
    if not all(re.fullmatch(r"[A-Za-z0-9-]+", name) and text.isprintable() and text for name, text in found.items()):
        raise BadValue("it must be NAME: VALUE, several with semicolons between them")
    return found
