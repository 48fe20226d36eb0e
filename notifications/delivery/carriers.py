"""Carriers: each channel that waits for somebody outside has threads of its own, so no channel waits for another.

A worker of the queue is free again at once, however slow a mail server is. One lane sends as long as that goes fast,
so that a process that is killed doubles one message at most; where it does not, more are added, up to the number that
the channel names. What a killed process had claimed is taken again by the one that stands in for it, at the latest when
the lease lapses.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import connections
from django.utils import timezone

from notifications.channels.channel import is_quick, named
from notifications.delivery import deliver, leases
from notifications.delivery.rounds import Round

log = logging.getLogger(__name__)

# Seconds: from one look at the lanes to the next; from one renewal of the leases to the next.
LOOK = 0.5
RENEW = 15.0
# Whoever sends fewer between two looks is slow: a quarter of a second each is far more than the work at our own end.
FEW = 2


class Carriers:
    """The threads of this process: for each channel one that leads, and its lanes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.threads: dict[str, threading.Thread] = {}
        self.asked_again: set[str] = set()
        self.has_looked = False

    def look_for_the_dead(self) -> None:
        """Once in a process, for it may stand in for one that was killed: what that had claimed is free again."""
        if not self.has_looked:
            self.has_looked = True
            leases.release_dead()

    def start(self, channel: str) -> None:
        """Let what is due by this channel be sent; whoever is at it already looks once more at the end."""
        with self.lock:
            if channel in self.threads:
                self.asked_again.add(channel)
                return
            # No daemon: a process that ends by itself lets the delivery in hand come to its end.
            thread = threading.Thread(target=self._carry, args=(channel,), name=f"carrier {channel}")
            # Started first: a thread that cannot be must not stand for one that is at it. It ends by this lock.
            thread.start()
            self.threads[channel] = thread

    def wait(self, seconds: float) -> bool:
        """Wait until nobody is at work; whether that came about."""
        for thread in list(self.threads.values()):
            thread.join(seconds)
        return not self.threads

    def _carry(self, channel: str) -> None:
        try:
            while True:
                lead(Round(channel, timezone.now(), sys.maxsize, _is_going), partial(self._was_asked, channel))
                if self._is_over(channel):
                    return
        except Exception:
            log.exception("nothing more is sent by %s until the next wake-up", channel)
            with self.lock:
                self.threads.pop(channel, None)
        finally:
            connections.close_all()

    def _was_asked(self, channel: str) -> bool:
        """Has somebody said that there is more? Asked once, it is taken care of."""
        with self.lock:
            asked = channel in self.asked_again
            self.asked_again.discard(channel)
            return asked

    def _is_over(self, channel: str) -> bool:
        with self.lock:
            again = channel in self.asked_again and _is_going()
            self.asked_again.discard(channel)
            if not again:
                del self.threads[channel]
            return not again


def lead(work: Round, has_more: Callable[[], bool]) -> None:
    """Run a round: one lane, more while that is slow, and the leases kept for as long as it lasts.

    What has come due while all lanes hang is in no lane's hands: `has_more` says that there is some.
    """
    most, renewed = lanes_of(work.name), time.monotonic()
    lanes = [_lane(work)]
    while lanes := [lane for lane in lanes if lane.is_alive()]:
        taken = work.taken
        lanes[0].join(LOOK)
        is_slow = len(lanes) < most and work.taken - taken < FEW * len(lanes) and work.going()
        if is_slow and (work.ready or has_more()):
            lanes.append(_lane(work))
        if time.monotonic() - renewed > RENEW:
            renewed = time.monotonic()
            work.renew()


def lanes_of(channel: str) -> int:
    """How many messages may be on their way by this channel at once, from one process."""
    try:
        return named(channel).lanes
    except KeyError:
        return 1


def _lane(work: Round) -> threading.Thread:
    lane = threading.Thread(target=_work, args=(work,), name=f"lane {work.name}")
    lane.start()
    return lane


def _work(work: Round) -> None:
    try:
        work.work()
    except Exception:
        log.exception("a lane of %s ended", work.name)
    finally:
        connections.close_all()


def _is_going() -> bool:
    """Not when the process ends: it waits for its threads."""
    return threading.main_thread().is_alive()


carriers = Carriers()


def carry(now: datetime) -> int:
    """Send what is due: by quick channels here and now, by each other one in its thread; how many were tried here."""
    tried = 0
    carriers.look_for_the_dead()
    for channel in deliver.channels(now):
        if is_quick(channel):
            tried += deliver.by(channel, now)
        else:
            carriers.start(channel)
    return tried
