"""Ping: one sweep over any number of addresses, with one socket per IP version."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import ClassVar

from agents.probes.groups import Group, by_family, in_order
from agents.probes.packets import NOT_ALLOWED, Line, Way, open_socket
from agents.probes.readings import Option, ProbeError, Reading, Target
from agents.probes.sweep import Lane, sweep

RECEIVE_BYTES = 16 << 20


def how() -> Way | None:
    """The way in which this process may ping now: "raw", "datagram", or None where neither is allowed."""
    try:
        sock, way = open_socket(socket.AF_INET)
    except ProbeError:
        return None
    sock.close()
    return way


def how_in_words() -> str:
    """What `how` found, as a sentence for a page; where pings are not allowed, what would allow them."""
    way = how()
    if way is None:
        return NOT_ALLOWED
    return "Pings go out through a raw socket." if way == "raw" else "Pings go out through a datagram socket."


class Icmp:
    """Ask every address with an echo request; the silent are asked again, half a second after the last time."""

    label: ClassVar[str] = "Ping (ICMP)"
    options: ClassVar[Sequence[Option]] = ()
    try_seconds: ClassVar[float] = 0.5

    def __init__(self, receive_bytes: int = RECEIVE_BYTES) -> None:
        """`receive_bytes` is the receive buffer to ask for: a small one makes a sweep slower, not less sure."""
        self.receive_bytes = receive_bytes

    def probe(self, targets: Sequence[Target]) -> list[Reading]:
        """One Reading per target, in their order; `ms` is the round trip of the first reply to arrive.

        A target whose address is not an IP address, or that this machine could not ask, reads `up=None`.
        Raises ProbeError where no target at all could be asked: no permission, no network of our own.
        """
        epoch = time.time() - time.perf_counter()
        groups, strangers = by_family(targets)
        with ExitStack() as stack:
            lanes = [lane for group in groups if (lane := self._lane(group, stack))]
            sweep(lanes, self.try_seconds)
        return in_order(groups, strangers, epoch)

    def _lane(self, group: Group, stack: ExitStack) -> Lane | None:
        try:
            return Lane(stack.enter_context(Line(group.family, self.receive_bytes)), group)
        except ProbeError as refusal:
            group.blocked = str(refusal)
            return None
