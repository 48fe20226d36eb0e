"""The ping sweep itself: ask in small batches, listen in between, ask the silent again."""

from __future__ import annotations

import errno
import select
import time
from collections import deque
from collections.abc import Iterator, Sequence
from time import perf_counter

from agents.probes.groups import Group
from agents.probes.packets import ALL_ONES, NUMBER, NUMBER_AT, Line

# Targets that share a time at which they are due; of these, the questions between two looks into the receive buffer.
BATCH, BURST = 512, 64
# How long the process may be kept from reading (by another thread, by a busy machine) and still lose no reply.
STALL_SECONDS = 0.02
# How long a sweep waits, all in all, for a full send queue; whom it could not ask by then it knows nothing of.
PATIENCE_SECONDS = 3.0
FULL_QUEUE = frozenset({errno.EAGAIN, errno.ENOBUFS})


def sweep(lanes: Sequence[Lane], try_seconds: float) -> None:
    """Ask every target of these lanes with its tries, each `try_seconds` after the last; ends once all have answered.

    All tries wait equally long, so that a plain queue of batches is always in the order of what is due next.
    """
    queue = deque((0.0, 0, lane, batch) for lane in lanes for batch in lane.batches())
    poller = select.poll()
    for lane in lanes:
        poller.register(lane.line.sock, select.POLLIN)
    while queue:
        due, attempt, lane, batch = queue.popleft()
        if not _listen(lanes, poller, due):
            return
        silent = lane.silent(batch, attempt)
        for start in range(0, len(silent), lane.burst):
            part = silent[start : start + lane.burst]
            _listen(lanes, poller, lane.ready(len(part)))
            lane.ask(part, attempt)
        if silent:
            queue.append((perf_counter() + try_seconds, attempt + 1, lane, silent))


def _listen(lanes: Sequence[Lane], poller: select.poll, until: float) -> bool:
    """Take in the replies that are here and those that come until this time; False once no target is missing."""
    while True:
        for lane in lanes:
            lane.hear()
        if not any(lane.missing for lane in lanes):
            return False
        left = until - perf_counter()
        if left <= 0:
            return True
        poller.poll(left * 1000)


class Lane:
    """One Group on one Line: asks its targets by their place and hears their replies."""

    def __init__(self, line: Line, group: Group) -> None:
        self.line = line
        self.group = group
        self.hosts = [target.address for target in group.targets]
        self.sources = line.sources(group.addresses)
        # By try: its packet, and by place the time of each question.
        self.packets: list[bytearray] = []
        self.times: list[list[float]] = []
        self.missing = len(group)
        self.burst = max(1, min(BURST, line.room // 2))
        self.credit = float(line.room)
        self.credited = perf_counter()
        self.patience = PATIENCE_SECONDS

    def batches(self) -> Iterator[Sequence[int]]:
        """The places of all targets, in runs that are asked, and asked again, together."""
        places = range(len(self.hosts))
        for start in range(0, len(places), BATCH):
            yield places[start : start + BATCH]

    def silent(self, batch: Sequence[int], attempt: int) -> Sequence[int]:
        """Those of a batch who are to be asked now: who has not answered and has a try left."""
        if attempt == 0:
            return batch
        ms, targets = self.group.ms, self.group.targets
        return [place for place in batch if ms[place] is None and attempt < targets[place].tries]

    def ready(self, questions: int) -> float:
        """When so many questions may go out, lest their replies meet a full buffer while this process cannot read.

        Every question draws on the room in the buffer, every reply read gives it back, and so does time: the
        unanswered are dead, or so far away that their replies come as spread out as the questions went.
        """
        now = perf_counter()
        per_second = self.line.room / STALL_SECONDS
        self.credit = min(self.line.room, self.credit + (now - self.credited) * per_second)
        self.credited = now
        return now + max(0.0, questions - self.credit) / per_second

    def ask(self, batch: Sequence[int], attempt: int) -> None:
        """Send one question to each of these places."""
        if attempt == len(self.times):
            self.packets.append(self.line.question(attempt))
            self.times.append(self.group.asked if attempt == 0 else [0.0] * len(self.hosts))
        packet, asked = self.packets[attempt], self.times[attempt]
        hosts, number, send, clock = self.hosts, NUMBER.pack_into, self.line.sock.sendto, perf_counter
        at, ones = NUMBER_AT, ALL_ONES
        for place in batch:
            number(packet, at, place, place ^ ones)
            asked[place] = clock()
            try:
                send(packet, (hosts[place], 0))
            except OSError as error:
                self._insist(packet, place, asked, error)
        self.credit -= len(batch)

    def hear(self) -> None:
        """Take in the replies that have come; those that are double, late from another sweep, or forged count not."""
        times, ms, sources, clock = self.times, self.group.ms, self.sources, perf_counter
        token, asked, count, heard = self.line.token, len(times), len(ms), 0
        for source, attempt, mark, place in self.line.replies():
            known = mark == token and place < count and attempt < asked
            if known and ms[place] is None and sources[place] == source:
                ms[place] = (clock() - times[attempt][place]) * 1000
                heard += 1
        self.missing -= heard
        self.credit += heard

    def _insist(self, packet: bytearray, place: int, asked: list[float], error: OSError) -> None:
        """Send again while the queue to the network is full, reading on meanwhile; any other error is noted."""
        while error.errno in FULL_QUEUE and self.patience > 0:
            self.hear()
            time.sleep(0.001)
            waited, asked[place] = asked[place], perf_counter()
            self.patience -= asked[place] - waited
            try:
                self.line.sock.sendto(packet, (self.hosts[place], 0))
                return
            except OSError as again:
                error = again
        self.group.not_sent(place, error.errno or 0)
