"""The certificate that browsers are shown at PUBLIC_URL: is it trusted, and until when is it good?"""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.core.cache import cache

# In the cache, and for how long.
KEY, SECONDS = "certificate", 600
# Seconds: a page waits for it.
TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown: good until then, or the fault in words."""

    until: datetime | None
    fault: str = ""


def shown() -> Shown:
    """What browsers are shown; asked for every ten minutes at most."""
    found: Shown | None = cache.get(KEY)
    if found is None:
        host, _, port = (
            settings.PUBLIC_URL.removeprefix("https://").rpartition("@")[2].partition("/")[0].rpartition(":")
        )
        named, number = (host, int(port)) if host and port.isdigit() else (settings.PUBLIC_HOST, 443)
        found = ask(named.strip("[]"), number)
        cache.set(KEY, found, SECONDS)
    return found


def ask(host: str, port: int, context: ssl.SSLContext | None = None) -> Shown:
    """The certificate of a server by its name; `context` says whom to trust."""
    context = context or ssl.create_default_context()
    try:
        with (
            closing(socket.create_connection((host, port), timeout=TIMEOUT)) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            ends = str((connection.getpeercert() or {}).get("notAfter", ""))
    except ssl.SSLCertVerificationError as fault:
        return Shown(None, f"it is not trusted: {fault.verify_message}")
    except OSError as fault:
        return Shown(None, f"{host}:{port} cannot be asked from here: {fault.strerror or 'no answer'}")
    return Shown(datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None)
