"""TCP: does something accept a connection on this port? Thousands of connections at a time, in one thread."""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from time import perf_counter
from typing import ClassVar, NamedTuple, Self

from agents.probes.groups import Group, by_family, in_order
from agents.probes.readings import Option, ProbeError, Reading, Target

PORT = Option("port", "Port", 1, 65535)
# More connections than this at a time do not make a sweep any faster.
MOST_AT_ONCE = 8192
# File descriptors left to the rest of the program.
SPARE = 64
# Connections begun between two looks at those under way, lest these seem slower than they are.
BURST = 64

NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
NONE_LEFT = "Nothing could be asked: this program has no file descriptors left."

WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "it cannot be reached",
    errno.ENETUNREACH: "its network cannot be reached",
}


class Tcp:
    """Connect to the option `port` of every address and hang up; the silent are tried again after a second."""

    label: ClassVar[str] = "TCP connect"
    options: ClassVar[Sequence[Option]] = (PORT,)
    try_seconds: ClassVar[float] = 1.0

    def probe(self, targets: Sequence[Target]) -> list[Reading]:
        """One Reading per target, in their order; `ms` is how long the connection took.

        A refused connection reads down without another try: the device lives, its service does not. A target
        without an IP address or a port, or that this machine could not ask, reads `up=None`. Raises ProbeError
        where no target at all could be asked: no network of our own, no file descriptors.
        """
        epoch = time.time() - perf_counter()
        groups, others = by_family(targets, _fault)
        with _Connections(groups, self.try_seconds) as connections:
            connections.run()
        return in_order(groups, others, epoch)


def _fault(target: Target) -> str:
    port = target.options.get(PORT.name)
    fits = isinstance(port, int) and PORT.minimum <= port <= PORT.maximum
    return "" if fits else f"{port!r} is not a port"


class _Flight(NamedTuple):
    """A connection that has been begun."""

    sock: socket.socket
    number: int
    attempt: int
    started: float


class _Connections:
    """Those still to be begun by the time at which they are due, and those under way by file descriptor."""

    def __init__(self, groups: Sequence[Group], try_seconds: float) -> None:
        self.try_seconds = try_seconds
        self.members = [(group, place) for group in groups for place in range(len(group))]
        self.waiting = [(0.0, 0, number) for number in range(len(self.members))]
        self.flying: dict[int, _Flight] = {}
        self.begun: deque[_Flight] = deque()
        try:
            self.epoll = select.epoll()
        except OSError as error:
            raise ProbeError(NONE_LEFT) from error
        self.room = free_descriptors()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for flight in self.flying.values():
            flight.sock.close()
        self.epoll.close()

    def run(self) -> None:
        """Connect to every target with its tries."""
        while self.waiting or self.flying:
            self._begin_some()
            for descriptor, _ in self.epoll.poll(self._patience()):
                flight = self.flying[descriptor]
                self._land(flight, flight.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            self._give_up_the_late()

    def _begin_some(self) -> None:
        now = perf_counter()
        for _ in range(BURST):
            if not self.waiting or self.waiting[0][0] > now or len(self.flying) >= self.room:
                return
            due, attempt, number = heappop(self.waiting)
            try:
                self._begin(number, attempt)
            except OSError as error:
                if error.errno not in NO_DESCRIPTORS:
                    self._not_sent(number, attempt, now, error.errno or 0)
                    continue
                heappush(self.waiting, (due, attempt, number))
                self._make_do()
                return

    def _begin(self, number: int, attempt: int) -> None:
        group, place = self.members[number]
        target = group.targets[place]
        sock = socket.socket(group.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        flight = self.flying[sock.fileno()] = _Flight(sock, number, attempt, perf_counter())
        if attempt == 0:
            group.asked[place] = flight.started
        code = sock.connect_ex((target.address, target.options[PORT.name]))
        if code == errno.EINPROGRESS:
            self.epoll.register(sock, select.EPOLLOUT)
            self.begun.append(flight)
        elif code in (0, errno.ECONNREFUSED):
            self._land(flight, code)
        else:
            self._close(flight)
            self._not_sent(number, attempt, flight.started, code)

    def _make_do(self) -> None:
        """The rest of the program took descriptors too: go on with as many connections as are under way."""
        if not self.flying:
            raise ProbeError(NONE_LEFT)
        self.room = len(self.flying)

    def _patience(self) -> float:
        """Seconds until something is due that no connection announces."""
        due = [self.begun[0].started + self.try_seconds] if self.begun else []
        if self.waiting and len(self.flying) < self.room:
            due.append(self.waiting[0][0])
        return max(0.0, min(due, default=0.0) - perf_counter())

    def _land(self, flight: _Flight, code: int) -> None:
        """The connection has been made (code 0) or has failed."""
        ms = (perf_counter() - flight.started) * 1000
        group, place = self.members[flight.number]
        if code == 0 and _with_itself(flight.sock):
            code = errno.ECONNREFUSED
        self._close(flight)
        if code == 0:
            group.ms[place] = ms
            return
        group.heard[place] = WORDS.get(code) or os.strerror(code).lower()
        if code != errno.ECONNREFUSED:
            self._again(flight.number, flight.attempt, flight.started)

    def _give_up_the_late(self) -> None:
        late = perf_counter() - self.try_seconds
        while self.begun:
            flight = self.begun[0]
            under_way = self.flying.get(flight.sock.fileno()) is flight
            if under_way and flight.started > late:
                return
            self.begun.popleft()
            if under_way:
                self._close(flight)
                self._again(flight.number, flight.attempt, flight.started)

    def _not_sent(self, number: int, attempt: int, started: float, code: int) -> None:
        group, place = self.members[number]
        group.not_sent(place, code)
        self._again(number, attempt, started)

    def _again(self, number: int, attempt: int, started: float) -> None:
        """Put it back in line for its next try, if it has one, when the time of this try is over."""
        group, place = self.members[number]
        if attempt + 1 < group.targets[place].tries:
            heappush(self.waiting, (started + self.try_seconds, attempt + 1, number))

    def _close(self, flight: _Flight) -> None:
        del self.flying[flight.sock.fileno()]
        flight.sock.close()


def free_descriptors() -> int:
    """How many sockets a sweep may have open at once, by the limit of this process (RLIMIT_NOFILE); at least one."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        taken = len(os.listdir("/proc/self/fd"))
    except OSError:
        return 1
    return max(1, min(MOST_AT_ONCE, limit - taken - SPARE))


def _with_itself(sock: socket.socket) -> bool:
    """Whether TCP has met itself: on loopback a socket that was given the port it connects to answers itself."""
    try:
        return bool(sock.getsockname() == sock.getpeername())
    except OSError:
        return False
