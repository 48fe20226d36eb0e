"""E-mail as the environment sets it: a server by EMAIL_URL, or a provider by EMAIL_PROVIDER and its keys."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from email.utils import formataddr
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from config import env
from config.env import BadValue

# Seconds that a mail server or a provider may take for one answer.
TIMEOUT = 10
PREFIX = "ANYMAIL_"
# The scheme of EMAIL_URL: how it is encrypted, and the port where none is named (RFC 8314, RFC 6409).
SCHEMES = {"smtp": ("", 25), "smtp+tls": ("STARTTLS", 587), "smtps": ("TLS", 465), "smtp+ssl": ("TLS", 465)}


@dataclass(frozen=True, slots=True)
class Provider:
    """A company that sends mail: its name, its module in django-anymail, and the variables that it needs."""

    label: str
    module: str
    needs: tuple[str, ...]


PROVIDERS = {
    "brevo": Provider("Brevo", "brevo", ("BREVO_API_KEY",)),
    "mailersend": Provider("MailerSend", "mailersend", ("MAILERSEND_API_TOKEN",)),
    "mailgun": Provider("Mailgun", "mailgun", ("MAILGUN_API_KEY",)),
    "mailjet": Provider("Mailjet", "mailjet", ("MAILJET_API_KEY", "MAILJET_SECRET_KEY")),
    "mailtrap": Provider("Mailtrap", "mailtrap", ("MAILTRAP_API_TOKEN",)),
    "mandrill": Provider("Mandrill", "mandrill", ("MANDRILL_API_KEY",)),
    "postal": Provider("Postal", "postal", ("POSTAL_API_URL", "POSTAL_API_KEY")),
    "postmark": Provider("Postmark", "postmark", ("POSTMARK_SERVER_TOKEN",)),
    "resend": Provider("Resend", "resend", ("RESEND_API_KEY",)),
    "scaleway": Provider("Scaleway", "scaleway", ("SCALEWAY_SECRET_KEY", "SCALEWAY_PROJECT_ID")),
    "sendgrid": Provider("SendGrid", "sendgrid", ("SENDGRID_API_KEY",)),
    "ses": Provider("Amazon SES", "amazon_ses", ()),
    "sparkpost": Provider("SparkPost", "sparkpost", ("SPARKPOST_API_KEY",)),
    "unisender": Provider("Unisender Go", "unisender_go", ("UNISENDER_GO_API_KEY", "UNISENDER_GO_API_URL")),
}


def settings(public_host: str) -> dict[str, Any]:
    """Django's and django-anymail's settings of e-mail, with EMAIL_READY (is it set up?) and EMAIL_ROAD (by what).

    A value that cannot be used stops the start with one line.
    """
    nothing: dict[str, Any] = {}
    server = env.read("EMAIL_URL", nothing, _server)
    provider = env.read("EMAIL_PROVIDER", nothing, _provider)
    if server and provider:
        env.stop("EMAIL_PROVIDER", os.environ["EMAIL_PROVIDER"], "EMAIL_URL is set too, and only one of them can send")
    chosen = server or provider
    if not chosen:
        chosen = {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend", "EMAIL_ROAD": ""}
    user = chosen.get("EMAIL_HOST_USER", "")
    sender = env.read("EMAIL_FROM", user if "@" in user else f"Towerwatch <towerwatch@{public_host}>", _sender)
    always = {"EMAIL_TIMEOUT": TIMEOUT, "DEFAULT_FROM_EMAIL": sender, "SERVER_EMAIL": sender}
    return {**always, **chosen, "EMAIL_READY": bool(chosen["EMAIL_ROAD"])}


def _server(value: str) -> dict[str, Any]:
    if value == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend", "EMAIL_ROAD": "the console"}
    wanted = (
        "it must be smtp://, smtp+tls:// or smtps://USER:PASSWORD@HOST:PORT, or console; "
        "in a password / ? # and @ are written as %2F %3F %23 and %40"
    )
    try:
        parts = urlsplit(value)
        encrypted, usual = SCHEMES[parts.scheme]
        host, port = parts.hostname, usual if parts.port is None else parts.port
    except (KeyError, ValueError):
        raise BadValue(wanted) from None
    # A password with such a sign in it ends the host too early.
    if not host or not port or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadValue(wanted)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": encrypted == "STARTTLS",
        "EMAIL_USE_SSL": encrypted == "TLS",
        "EMAIL_ROAD": f"{host}:{port}" + (f" ({encrypted})" if encrypted else ""),
    }


def _provider(value: str) -> dict[str, Any]:
    provider = PROVIDERS.get(value.lower())
    if provider is None:
        raise BadValue(f"it must be one of {', '.join(PROVIDERS)}")
    keys = {name.removeprefix(PREFIX): text for name, text in os.environ.items() if name.startswith(PREFIX) and text}
    if missing := [PREFIX + name for name in provider.needs if name not in keys]:
        raise BadValue(f"{provider.label} needs {' and '.join(missing)} as well")
    if provider.module == "amazon_ses" and importlib.util.find_spec("boto3") is None:
        raise BadValue("Amazon SES needs the package boto3: .venv/bin/python -m pip install boto3")
    return {
        "EMAIL_BACKEND": f"anymail.backends.{provider.module}.EmailBackend",
        "ANYMAIL": {"REQUESTS_TIMEOUT": TIMEOUT, **keys},
        "EMAIL_ROAD": provider.label,
    }


def _sender(value: str) -> str:
    # As people write it: a name may hold a comma.
    name, bracket, rest = value.rpartition("<")
    address = rest.removesuffix(">").strip() if bracket else value
    try:
        validate_email(address)
    except ValidationError:
        raise BadValue("it must be an address, as in Example ISP <desk@isp.example>") from None
    return formataddr((name.strip().strip('"'), address))
