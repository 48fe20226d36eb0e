"""The heartbeat: an outside address hears each minute that the network is looked at, and alarms when it hears nothing.

It goes by the queue and the database on purpose: where one of these stands still, the silence says so.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import time
from contextlib import closing
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from agents import roster
from config import __version__, options
from notifications.delivery import pause

log = logging.getLogger(__name__)

# For one beat as a whole, and octets of its answer.
SECONDS = 10.0
LONGEST_LINE = 1000


class Unheard(Exception):
    """Nobody heard it; the text says why, and holds no more of the address than its host."""


def parts_of(address: str) -> SplitResult:
    """The parts of an address that can be told; ValueError, with words for its form, for any other."""
    try:
        url = urlsplit(address)
        fits = url.scheme in ("http", "https") and bool((url.hostname or "").encode("idna")) and url.port != 0
    except ValueError:
        fits = False
    if not fits or not (address.isascii() and address.isprintable()) or " " in address:
        raise ValueError("It is an address such as https://hc-ping.com/your-own-key.")
    if "@" in url.netloc:
        raise ValueError("It holds no user name and no password.")
    return url


def beat(now: datetime) -> bool:
    """Tell the outside address, unless nobody looks or all sending is paused; whether it heard."""
    chosen = options.fresh()
    # A restored copy must not speak for the machine that it is a copy of.
    if not chosen.heartbeat_url or pause.is_paused() or roster.is_late(now):
        return False
    before = chosen.heartbeat.get("fault", "")
    try:
        tell(chosen.heartbeat_url)
    except Unheard as fault:
        words = str(fault)
        if words != before:
            log.warning("heartbeat: %s", words)
            options.change(heartbeat=chosen.heartbeat | {"fault": words})
        return False
    if before:
        log.warning("heartbeat: it is heard again")
    options.change(heartbeat={"heard": now.isoformat(), "fault": ""})
    return True


def tell(address: str) -> None:
    """Ask for the address once; whatever answers 2xx has heard it. Redirects are not followed. Raises Unheard."""
    try:
        url = parts_of(address)
    except ValueError as fault:
        raise Unheard(str(fault)) from None
    ends = time.monotonic() + SECONDS
    try:
        status = _status(_answer(url, ends))
    except TimeoutError:
        raise Unheard(f"{url.hostname} does not answer within {SECONDS:g} s") from None
    except ssl.SSLCertVerificationError as fault:
        raise Unheard(f"the certificate of {url.hostname} is not trusted: {fault.verify_message}") from None
    except OSError as fault:
        raise Unheard(f"{url.hostname} cannot be reached: {fault.strerror or 'the connection broke'}") from None
    if not 200 <= status < 300:
        hint = ", which leads elsewhere and is not followed" if 300 <= status < 400 else ""
        raise Unheard(f"{url.hostname} answers {status}{hint}" if status else f"{url.hostname} does not speak HTTP")


def _answer(url: SplitResult, ends: float) -> bytes:
    """The first line of what comes back, by the deadline (monotonic seconds)."""
    # By hand, because a client reads the whole answer, however long: here nothing but the status matters.
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    asked = f"GET {target} HTTP/1.1\r\nHost: {url.netloc}\r\nUser-Agent: Towerwatch/{__version__}\r\n"
    with closing(_connected(url, ends)) as connection:
        connection.settimeout(_left(ends))
        connection.sendall(f"{asked}Accept: */*\r\nConnection: close\r\n\r\n".encode())
        line = b""
        while b"\n" not in line and len(line) < LONGEST_LINE:
            connection.settimeout(_left(ends))
            if not (more := connection.recv(LONGEST_LINE)):
                break
            line += more
        return line


def _connected(url: SplitResult, ends: float) -> socket.socket:
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    plain = socket.create_connection((_place(host, port), port), timeout=_left(ends))
    if url.scheme == "http":
        return plain
    plain.settimeout(_left(ends))
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _left(ends: float) -> float:
    seconds = ends - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _place(host: str, port: int) -> str:
    """The IP address to connect to: looked up once, so that what is checked is what is asked."""
    try:
        found = str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except socket.gaierror as fault:
        raise Unheard(f"the name {host} is not known: {fault.strerror}") from None
    if not (settings.ALLOW_PRIVATE_URLS or ipaddress.ip_address(found.partition("%")[0]).is_global):
        raise Unheard(f"{host} is in a private network: set ALLOW_PRIVATE_URLS=yes to allow that")
    return found


def _status(line: bytes) -> int:
    words = line.split(b"\n")[0].split()
    fits = len(words) >= 2 and words[0].startswith(b"HTTP/") and words[1].isdigit() and len(words[1]) == 3
    return int(words[1]) if fits else 0
