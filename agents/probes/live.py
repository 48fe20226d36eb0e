"""Ping and trace of one address while somebody looks on: one result at a time."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

from icmplib import (
    DestinationUnreachable,
    ICMPError,
    ICMPReply,
    ICMPRequest,
    ICMPSocketError,
    ICMPv4Socket,
    ICMPv6Socket,
    SocketPermissionError,
    TimeExceeded,
    TimeoutExceeded,
)

from agents.probes.groups import in_words, packed
from agents.probes.icmp import how
from agents.probes.packets import NOT_ALLOWED, widen
from agents.probes.readings import ProbeError

RECEIVE_BYTES = 4 << 20
TRIES_PER_HOP = 2
FAR = 64
COMPLAINTS = (TimeExceeded, DestinationUnreachable)
NO_TRACE = "A trace needs a raw socket: give this program the capability CAP_NET_RAW."


@dataclass(frozen=True, slots=True)
class Ping:
    """One question: its number from 1, the round trip in milliseconds, or None and a short reason in words."""

    number: int
    ms: float | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of the way: its distance from 1, who answered there and how fast (None if nobody did).

    `reached` marks the address that was asked for, the end of the way; `message` says why a way ends before it.
    """

    distance: int
    address: str | None
    ms: float | None
    reached: bool = False
    message: str = ""


def ping_live(address: str, count: int = 5, interval: float = 0.5, timeout: float = 1.0) -> Iterator[Ping]:
    """Ask an IP address `count` times, `interval` seconds apart at least, and give each outcome as it is known.

    An answer is waited for `timeout` seconds. Raises ProbeError, before the first question, where the address is
    none or pings are not allowed.
    """
    line = _Line(address, raw=how() == "raw", timeout=timeout)
    return _pings(line, count, interval)


def trace_live(address: str, max_hops: int = 20, timeout: float = 1.0) -> Iterator[Hop]:
    """Follow the way to an IP address and give each step as it is known; ends there, or after `max_hops`.

    A step is asked twice, `timeout` seconds each. Raises ProbeError, before the first question, where the address
    is none or raw sockets are not allowed: only these hear the routers on the way.
    """
    if how() != "raw":
        raise ProbeError(NO_TRACE)
    return _hops(_Line(address, raw=True, timeout=timeout), max_hops)


class _Line:
    """An open socket to one address."""

    def __init__(self, address: str, raw: bool, timeout: float) -> None:
        known = packed(address)
        if known is None:
            raise ProbeError(f"{address!r} is not an IP address.")
        family, bits = known
        self.address = socket.inet_ntop(family, bits)
        self.timeout = timeout
        self.identifier = secrets.randbits(16)
        self.sequence = 0
        try:
            self.icmp = (ICMPv4Socket if family == socket.AF_INET else ICMPv6Socket)(privileged=raw)
        except SocketPermissionError as error:
            raise ProbeError(NOT_ALLOWED) from error
        except ICMPSocketError as error:
            raise ProbeError(f"This machine cannot open a socket for pings: {error}.") from error
        # A raw socket is given the replies to every sweep of this machine, too.
        widen(self.icmp.sock, RECEIVE_BYTES)

    def ask(self, hops: int) -> tuple[ICMPReply | None, float]:
        """The first reply to one question that may pass so many hops, and after how many milliseconds it came.

        Raises ICMPSocketError where the question does not leave the machine.
        """
        self.sequence += 1
        request = ICMPRequest(self.address, self.identifier, self.sequence, ttl=hops)
        started = perf_counter()
        self.icmp.send(request)
        while (left := started + self.timeout - perf_counter()) > 0:
            try:
                reply = self.icmp.receive(request, left)
            except TimeoutExceeded:
                break
            if isinstance(_complaint(reply), COMPLAINTS) or reply.source == self.address:
                return reply, (perf_counter() - started) * 1000
        return None, 0.0


def _pings(line: _Line, count: int, interval: float) -> Iterator[Ping]:
    with line.icmp:
        for number in range(1, count + 1):
            started = perf_counter()
            yield _ping(line, number)
            if number < count:
                time.sleep(max(0.0, started + interval - perf_counter()))


def _ping(line: _Line, number: int) -> Ping:
    try:
        reply, ms = line.ask(FAR)
    except ICMPSocketError as error:
        return Ping(number, None, _unsent(error))
    if reply is None:
        return Ping(number, None, "no answer")
    if complaint := _complaint(reply):
        return Ping(number, None, f"{complaint}, says {reply.source}")
    return Ping(number, ms)


def _hops(line: _Line, max_hops: int) -> Iterator[Hop]:
    with line.icmp:
        for distance in range(1, max_hops + 1):
            hop = _hop(line, distance)
            yield hop
            if hop.reached or hop.message:
                return


def _hop(line: _Line, distance: int) -> Hop:
    for _ in range(TRIES_PER_HOP):
        try:
            reply, ms = line.ask(distance)
        except ICMPSocketError as error:
            return Hop(distance, None, None, message=_unsent(error))
        if reply is None:
            continue
        complaint = _complaint(reply)
        message = "" if complaint is None or isinstance(complaint, TimeExceeded) else str(complaint)
        return Hop(distance, reply.source, ms, complaint is None, message)
    return Hop(distance, None, None)


def _complaint(reply: ICMPReply) -> ICMPError | None:
    """What a reply says if it is no answer but an error, from the address or from a router on the way."""
    try:
        reply.raise_for_status()
    except ICMPError as complaint:
        return complaint
    return None


def _unsent(error: ICMPSocketError) -> str:
    cause = error.__context__
    return in_words(cause.errno or 0) if isinstance(cause, OSError) else str(error)
