"""One bounded GET that answers JSON: bounded in time, in bytes and in what may come back.

The standard library instead of httpx: the whole answer has one deadline that a trickle of bytes cannot stretch,
gunzipping stops at the limit, a key never meets a redirect or a proxy, and the remote agent needs no package.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast
from urllib.parse import SplitResult, urlencode, urlsplit

from agents.clients.faults import FaultKind, UpstreamFault, retry_after

# 4,000 devices of UISP take 10 to 20 MB.
LARGEST = 64 * 1024 * 1024
_CHUNK = 256 * 1024
_STATUS_KINDS = {
    401: FaultKind.UNAUTHORISED,
    403: FaultKind.FORBIDDEN,
    404: FaultKind.MISSING,
    429: FaultKind.THROTTLED,
}
_HINTS = {
    401: "the key is not accepted",
    403: "the key may not read this",
    404: "is this the address of the API?",
    429: "it wants fewer questions",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API that is asked with a key in a header. ValueError if its address or its key cannot be.

    `refuse` says why an IP address is not to be asked, or None: it hears the one that the connection really has,
    before anything is sent, so that a name cannot mean one address when it is checked and another when it is asked.
    """

    base: str
    header: str
    key: str = field(repr=False)
    verify_tls: bool = True
    seconds: float = 60.0
    connect_seconds: float = 10.0
    largest: int = LARGEST
    refuse: Callable[[str], str | None] | None = None

    def __post_init__(self) -> None:
        origin(self.base)
        # http.client would put a bad value into its error.
        if not (self.key.isascii() and self.key.isprintable() and self.key.strip() == self.key):
            raise ValueError("a key is plain letters, digits and signs, without spaces around it")


class _Flood(Exception):
    """More bytes came than any answer may have."""


# Beside the honest ones: http.client lets a ValueError through when a chunk has an impossible length.
_EXPECTED = (OSError, http.client.HTTPException, zlib.error, EOFError, ValueError, _Flood)


@dataclass(slots=True)
class _Allowance:
    """How long one call may last, and how many bytes may come, whatever they say of themselves."""

    ends: float
    room: int

    def left(self) -> float:
        """Seconds that are left; TimeoutError when there are none."""
        seconds = self.ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def spend(self, number: int) -> int:
        """Count bytes that came."""
        self.room -= number
        if self.room < 0:
            raise _Flood
        return number


class _TimedReader(io.RawIOBase):
    """The bytes of a socket, each read with what is left until the deadline: a trickle cannot stretch it."""

    def __init__(self, connection: socket.socket, allowance: _Allowance) -> None:
        self._connection, self._allowance = connection, allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._allowance.left())
        return self._allowance.spend(self._connection.recv_into(buffer))


class _TimedSocket:
    """What http.client needs to read an answer from."""

    def __init__(self, connection: socket.socket, allowance: _Allowance) -> None:
        self._connection, self._allowance = connection, allowance

    def makefile(self, mode: str) -> io.BufferedReader:
        """The answer as a file."""
        return io.BufferedReader(_TimedReader(self._connection, self._allowance), _CHUNK)


def get_json(endpoint: Endpoint, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """The JSON at this path of the endpoint; UpstreamFault for everything else that can happen."""
    address = endpoint.base.rstrip("/") + path
    try:
        body = _get(endpoint, urlsplit(address), urlencode(parameters or {}))
    except UpstreamFault:
        raise
    except _EXPECTED as error:
        raise _fault_of(error, address, endpoint) from None
    return _json(body, address)


def _get(endpoint: Endpoint, url: SplitResult, query: str) -> bytes:
    # Small chunks of a body may bring as many bytes again.
    allowance = _Allowance(time.monotonic() + endpoint.seconds, 2 * endpoint.largest + _CHUNK)
    connection = _connection(endpoint, url)
    try:
        connection.connect()
        _refuse_peer(endpoint, connection.sock, url)
        connection.sock.settimeout(allowance.left())
        target = url.path + ("?" + query if query else "")
        headers = {endpoint.header: endpoint.key, "Accept": "application/json", "Accept-Encoding": "gzip"}
        connection.request("GET", target, headers=headers | {"Connection": "close"})
        with http.client.HTTPResponse(
            cast(socket.socket, _TimedSocket(connection.sock, allowance)), method="GET"
        ) as answer:
            answer.begin()
            _refuse_status(answer, url)
            return _body(answer, endpoint.largest, url)
    finally:
        connection.close()


def _refuse_peer(endpoint: Endpoint, connection: socket.socket, url: SplitResult) -> None:
    why = endpoint.refuse(connection.getpeername()[0]) if endpoint.refuse else None
    if why:
        raise UpstreamFault(FaultKind.REFUSED, f"{url.hostname} is not asked: {why}")


def _connection(endpoint: Endpoint, url: SplitResult) -> http.client.HTTPConnection:
    wait = min(endpoint.connect_seconds, endpoint.seconds)
    if url.scheme == "https":
        context = _tls(endpoint.verify_tls)
        return http.client.HTTPSConnection(url.hostname or "", url.port, timeout=wait, context=context)
    return http.client.HTTPConnection(url.hostname or "", url.port, timeout=wait)


@lru_cache(maxsize=2)
def _tls(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refuse_status(answer: http.client.HTTPResponse, url: SplitResult) -> None:
    status = answer.status
    if status == 200:
        return
    kind = _STATUS_KINDS.get(status, FaultKind.SERVER if status >= 500 else FaultKind.SHAPE)
    hint = _HINTS.get(status, "it leads elsewhere, which is not followed" if 300 <= status < 400 else "")
    # The server's own words are left out: they may repeat the key.
    text = f"{_place(url)} answers {status} {http.client.responses.get(status, '')}".rstrip()
    wait = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC)) if status in (429, 503) else None
    raise UpstreamFault(kind, f"{text}: {hint}" if hint else text, wait)


def _body(answer: http.client.HTTPResponse, largest: int, url: SplitResult) -> bytes:
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise UpstreamFault(FaultKind.NOT_JSON, f"{_place(url)} answers in an encoding that was not asked for")
    unpacked = _Unpacked(largest, packed="gzip" in encoding)
    too_large = (answer.length or 0) > largest
    while not too_large and (chunk := answer.read(_CHUNK)):
        too_large = not unpacked.add(chunk)
    if too_large:
        raise _Flood
    # read does not say when the other side hangs up before the length that it promised.
    if answer.length:
        raise EOFError
    return unpacked.whole()


class _Unpacked:
    """Collects a body, gunzipped where it is packed, up to a number of bytes: a bomb is never unpacked."""

    def __init__(self, largest: int, *, packed: bool) -> None:
        self._largest, self._body = largest, bytearray()
        self._gunzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None

    def add(self, chunk: bytes) -> bool:
        """Take the next piece; False when it grows too large."""
        room = self._largest - len(self._body) + 1
        self._body += self._gunzip.decompress(chunk, room) if self._gunzip else chunk
        return len(self._body) <= self._largest

    def whole(self) -> bytes:
        """All of it; EOFError if it was cut short."""
        if self._gunzip and not self._gunzip.eof:
            raise EOFError
        return bytes(self._body)


def _json(body: bytes, address: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        what = "a web page" if body.lstrip()[:1] == b"<" else "something that is not JSON" if body else "nothing"
        raise UpstreamFault(FaultKind.NOT_JSON, f"{_place(urlsplit(address))} answers {what}") from None


def _fault_of(error: Exception, address: str, endpoint: Endpoint) -> UpstreamFault:
    place = _place(urlsplit(address))
    if isinstance(error, TimeoutError):
        return UpstreamFault(FaultKind.TIMEOUT, f"{place} does not answer within {endpoint.seconds:g} s")
    if isinstance(error, _Flood):
        return UpstreamFault(FaultKind.TOO_LARGE, f"{place} answers more than {endpoint.largest / 1e6:.0f} MB")
    if isinstance(error, ssl.SSLCertVerificationError):
        return UpstreamFault(FaultKind.TLS, f"the certificate of {place} is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return UpstreamFault(FaultKind.TLS, f"{place} does not speak TLS as it should: {error.reason or 'it hung up'}")
    if isinstance(error, socket.gaierror):
        return UpstreamFault(FaultKind.REFUSED, f"the name in {place} is not known: {error.strerror}")
    if isinstance(error, (EOFError, http.client.IncompleteRead, http.client.RemoteDisconnected, zlib.error)):
        return UpstreamFault(FaultKind.REFUSED, f"{place} hung up in the middle of its answer")
    if isinstance(error, (http.client.HTTPException, ValueError)):
        return UpstreamFault(FaultKind.NOT_JSON, f"{place} does not speak HTTP")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "the connection broke"
    return UpstreamFault(FaultKind.REFUSED, f"{place} cannot be reached: {reason}")


def _place(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc}{url.path}"


def origin(address: str) -> str:
    """Scheme, name and port of an address; ValueError if it is none that can be asked."""
    try:
        url = urlsplit(address)
        # A name that IDNA refuses ("a..b") would fail only when it is looked up.
        named = bool((url.hostname or "").encode("idna"))
        fits = named and url.scheme in ("http", "https") and url.port != 0
    except ValueError:
        fits = False
    if not fits or not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("an address looks like https://uisp.example.net")
    if "@" in url.netloc:
        raise ValueError("an address holds no user name and no password")
    return f"{url.scheme}://{url.netloc}"
