"""Requests to addresses that people enter: to the IP address that was checked, without redirects, within a time."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from requests.structures import CaseInsensitiveDict

# Seconds for a request as a whole, and the octets of an answer that are read.
SECONDS = 10.0
LARGEST_HEAD = 16_384
LONGEST = 1000
SWITCHING = 101
# Addresses of IPv6 in which one of IPv4 is meant (RFC 6052): what is behind such a one is what counts.
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
# Of sites that number themselves as of old (RFC 3879), and of documents (RFC 9637): Python takes both for public.
CLOSED = (ipaddress.IPv6Network("fec0::/10"), ipaddress.IPv6Network("3fff::/20"))
PORTS = {"https": 443, "http": 80}


class Unreached(Exception):
    """Nothing answered; the text says why, and holds no more of the address than its host."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer, and its header fields."""

    status: int
    headers: Mapping[str, str]


def parts_of(url: str, private: bool) -> SplitResult:
    """The parts of an address that may be asked; ValueError, with words for its form, for any other.

    Only where `private` networks are allowed may it be http, or name an IP address in one.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in PORTS and bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not (url.isascii() and url.isprintable()) or set(url) & set(' \\"<>^`{|}') or len(url) > LONGEST:
        raise ValueError("Write an address such as https://example.net/notices.")
    if "@" in parts.netloc:
        raise ValueError("It must hold no user name and no password.")
    if parts.scheme != "https" and not private:
        raise ValueError("It must begin with https.")
    if not private and _is_number(parts.hostname or "") and not is_public(parts.hostname or ""):
        raise ValueError("It is in a private network, to which nothing is sent.")
    return parts


def _is_number(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def is_public(place: str) -> bool:
    """Is this IP address one of the open Internet, also by what is packed in it?"""
    found = ipaddress.ip_address(place.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        packed = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in TRANSLATED else None
        inner = found.ipv4_mapped or found.sixtofour or packed or (found.teredo and found.teredo[1])
        if inner:
            return is_public(str(inner))
        if any(found in network for network in CLOSED):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def post(url: str, body: bytes, headers: Mapping[str, str], private: bool) -> Answer:
    """Post a body there; raises Unreached where nothing answered, also where nothing may be sent there."""
    try:
        parts = parts_of(url, private)
    except ValueError as fault:
        raise Unreached(str(fault)) from None
    host, ends = parts.hostname or "", time.monotonic() + SECONDS
    try:
        with closing(_connected(parts, private, ends)) as connection:
            connection.settimeout(_left(ends))
            connection.sendall(_head(parts, body, headers) + body)
            return _answer(connection, ends)
    except TimeoutError:
        raise Unreached(f"{host} does not answer within {SECONDS:g} s") from None
    except ssl.SSLCertVerificationError as fault:
        raise Unreached(f"the certificate of {host} is not trusted: {fault.verify_message}") from None
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or "the connection broke"
        raise Unreached(f"{host} cannot be reached: {why}") from None


def _head(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fields = {"Host": parts.netloc, **headers, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _answer(connection: socket.socket, ends: float) -> Answer:
    """The head of what comes back; the rest is nobody's concern."""
    read = b""
    while True:
        while b"\r\n\r\n" not in read and len(read) < LARGEST_HEAD:
            connection.settimeout(_left(ends))
            if not (more := connection.recv(4096)):
                break
            read += more
        head, _, read = read.partition(b"\r\n\r\n")
        answer = _parsed(head)
        # Before the answer there may be word that it will come (RFC 9110, 15.2).
        if answer.status >= 200 or answer.status == SWITCHING:
            return answer


def _parsed(head: bytes) -> Answer:
    line, *fields = head.decode("latin-1").split("\r\n")
    words = line.split()
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not (words[1].isdecimal() and len(words[1]) == 3):
        raise Unreached("what answers does not speak HTTP")
    named = (field.partition(":") for field in fields)
    return Answer(int(words[1]), CaseInsensitiveDict({name: value.strip() for name, _, value in named}))


def _connected(parts: SplitResult, private: bool, ends: float) -> socket.socket:
    """A connection to the first of the host's addresses that takes one; what was checked is not looked up again."""
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    last: OSError | None = None
    for place in places(host, port, private):
        try:
            plain = socket.create_connection((place, port), timeout=_left(ends))
        except TimeoutError:
            raise
        except OSError as fault:
            last = fault
            continue
        return plain if parts.scheme == "http" else _secured(plain, host, ends)
    raise last or OSError("no address")


def _secured(plain: socket.socket, host: str, ends: float) -> socket.socket:
    try:
        plain.settimeout(_left(ends))
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def places(host: str, port: int, private: bool) -> Iterator[str]:
    """The IP addresses of a host; raises Unreached where one is in a private network, unless that is allowed."""
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (socket.gaierror, UnicodeError):
        raise Unreached(f"the name {host} is not known") from None
    if not private and not all(is_public(place) for place in found):
        raise Unreached(f"{host} is in a private network, to which nothing is sent")
    return iter(dict.fromkeys(found))


def _left(ends: float) -> float:
    seconds = ends - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def as_json(content: Mapping[str, object]) -> bytes:
    """What is sent, as JSON without blanks."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
