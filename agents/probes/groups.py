"""The targets of a sweep by IP version, and how what was found about them becomes readings."""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, AddressFamily, inet_pton
from time import perf_counter, time
from typing import Any

from agents.probes.readings import ProbeError, Reading, Target

NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})

WORDS = {
    errno.ENETUNREACH: "no route from this machine",
    errno.EHOSTUNREACH: "no route from this machine",
    errno.ENETDOWN: "the network interface of this machine is down",
    errno.EPERM: "the firewall of this machine held the question back",
    errno.EACCES: "this machine may not ask this address",
    errno.EAGAIN: "this machine was too busy to ask",
    errno.ENOBUFS: "this machine was too busy to ask",
    errno.ENOMEM: "this machine was too busy to ask",
    errno.EADDRNOTAVAIL: "this machine has no free address or port to ask from",
}

# A frozen dataclass sets its fields through object.__setattr__; straight into the slots takes half the time, and
# the readings are a fifth of the cost of a sweep.
SLOTS = [getattr(Reading, name).__set__ for name in ("key", "up", "asked_at", "ms", "values", "message")]

ANSWERED = (True, "")


def packed(address: str) -> tuple[AddressFamily, bytes] | None:
    """The family and the bytes of an IP address written out, or None for anything else: names are not looked up."""
    family = AF_INET6 if ":" in address else AF_INET
    try:
        return family, inet_pton(family, address)
    except (OSError, ValueError):
        return None


@contextmanager
def collector_resting() -> Iterator[None]:
    """No garbage collection meanwhile: for code that makes a great many objects, none of them garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Group:
    """The targets of one IP version. A target's `place` is its index here, its position that in the whole sweep."""

    def __init__(self, family: AddressFamily) -> None:
        self.family = family
        self.positions: list[int] = []
        self.targets: list[Target] = []
        self.addresses: list[bytes] = []
        # By place: when it was first asked (perf_counter) and the milliseconds until it answered.
        self.asked: list[float] = []
        self.ms: list[float | None] = []
        self.heard: dict[int, str] = {}
        self.unsent: dict[int, list[int]] = {}
        self.blocked = ""

    def __len__(self) -> int:
        return len(self.targets)

    def not_sent(self, place: int, code: int) -> None:
        """One question to the target at this place did not leave the machine; `code` is the system's error number."""
        self.unsent.setdefault(place, []).append(code)

    def find_blockade(self) -> str:
        """Why not one question of this group left the machine, or "" where one did; it stays in `blocked`."""
        if not self.blocked and all(self._failed(place, target.tries) for place, target in enumerate(self.targets)):
            self.blocked = f"Nothing could be asked: {in_words(self.unsent[0][0])}."
        return self.blocked

    def readings(self, epoch: float) -> list[Reading]:
        """A Reading for each place; `epoch` is what turns a time of `asked` into seconds since 1970."""
        found, blank, nothing = [], object.__new__, dict[str, Any]()
        key, up, asked_at, milliseconds, values, message = SLOTS
        with collector_resting():
            for place, (target, asked, ms) in enumerate(zip(self.targets, self.asked, self.ms, strict=True)):
                alive, words = ANSWERED if ms is not None else self._verdict(place, target.tries)
                reading = blank(Reading)
                key(reading, target.key)
                up(reading, alive)
                asked_at(reading, epoch + asked)
                milliseconds(reading, ms)
                values(reading, nothing)
                message(reading, words)
                found.append(reading)
        return found

    def _failed(self, place: int, tries: int) -> bool:
        return len(self.unsent.get(place, ())) >= max(1, tries)

    def _verdict(self, place: int, tries: int) -> tuple[bool | None, str]:
        """`up` and `message` of a target that has not answered.

        It is down if every question went out, and if there never was a route to it while there was to others: a
        routing daemon takes the route to a dead tower away. What else kept a question here says nothing of it.
        """
        codes = self.unsent.get(place)
        if self.blocked:
            return None, self.blocked
        if not codes:
            return False, self.heard.get(place) or (f"no answer in {tries} tries" if tries > 1 else "no answer")
        never_routed = NO_ROUTE.issuperset(codes) and self._failed(place, tries)
        return (False if never_routed else None), in_words(codes[-1])


def by_family(
    targets: Sequence[Target], fault: Callable[[Target], str] | None = None
) -> tuple[list[Group], dict[int, Reading]]:
    """The targets as one Group per IP version, and by position the readings of those that cannot be asked.

    These have no IP address, or `fault` has given a reason.
    """
    groups: dict[AddressFamily, Group] = {}
    strangers: dict[int, Reading] = {}
    now = perf_counter()
    for position, target in enumerate(targets):
        known = packed(target.address)
        reason = fault(target) if fault else ""
        if known is None or reason:
            strangers[position] = unasked(target, reason or f"{target.address!r} is not an IP address")
            continue
        family, address = known
        group = groups.get(family)
        if group is None:
            group = groups[family] = Group(family)
        group.positions.append(position)
        group.targets.append(target)
        group.addresses.append(address)
    for group in groups.values():
        group.asked, group.ms = [now] * len(group), [None] * len(group)
    return list(groups.values()), strangers


def unasked(target: Target, reason: str) -> Reading:
    """The Reading of a target that cannot be asked."""
    return Reading(target.key, None, time(), message=reason)


def in_order(groups: Sequence[Group], others: dict[int, Reading], epoch: float) -> list[Reading]:
    """The readings of these groups and the `others` in the order of their positions.

    Raises ProbeError if every group was blocked: then it is this machine that is ill, and nothing is known.
    """
    blockades = [group.find_blockade() for group in groups]
    if blockades and all(blockades):
        raise ProbeError(blockades[0])
    if len(groups) == 1 and not others:
        return groups[0].readings(epoch)
    found = dict(others)
    for group in groups:
        found.update(zip(group.positions, group.readings(epoch), strict=True))
    return [found[position] for position in range(len(found))]


def in_words(code: int) -> str:
    """The system's error number of an unsent question as a short reason."""
    return WORDS.get(code) or os.strerror(code).lower()
