"""Rounds: what one process sends by one channel. Claimed together, it is handed to one lane or several, one by one.

So a lane that hangs holds the message in its hand and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import OperationalError, connection

from notifications.channels.channel import named
from notifications.delivery import leases, tries
from notifications.delivery.tries import Sent
from notifications.models import Delivery

log = logging.getLogger(__name__)

# So many are claimed together.
BATCH = 20
# Seconds after which a claimed delivery is looked at again before it is sent.
FRESH = 1.0
# Seconds for which a message that is being sent keeps its lease; nothing that is well takes as long.
LONGEST = 600.0
# A message of which it cannot even be said whether it is to be sent is looked at again after this time.
PUT_OFF = timedelta(minutes=10)
# Seconds until it is written down again what was sent, should the database be locked or away.
REPEATS = (0.5, 2.0, 5.0, 15.0)


class Round:
    """The deliveries of one channel until none is due, `most` were taken or `going` says no."""

    def __init__(self, name: str, now: datetime, most: int, going: Callable[[], bool]) -> None:
        self.name, self.most, self.going = name, most, going
        self.now, self.began = now, time.monotonic()
        self.lock = threading.Lock()
        self.ready: deque[Delivery] = deque()
        self.read_at = 0.0  # when those that are ready were read, on the monotonic clock
        self.in_hand: dict[int, tuple[Delivery, float]] = {}
        self.taken = 0

    def work(self) -> None:
        """Be one lane: send until nothing is left. What is ready and not begun when it has to stop is given back."""
        sent: Sent | None = None
        try:
            while self.going():
                if not self.ready or self._is_stale():
                    # What was sent is not left unwritten while the next one is looked for.
                    self._write_down(sent)
                    sent = None
                if (delivery := self.take()) is None:
                    break
                sent = self._turn(sent, delivery)
        finally:
            self._write_down(sent)
            self._leave()

    def take(self) -> Delivery | None:
        """The next one to send; None where there is no more for this round."""
        with self.lock:
            if self.taken >= self.most:
                return None
            if not self.ready:
                self.ready += leases.claim(self._time(), min(BATCH, self.most - self.taken), self.name)
                self.read_at = time.monotonic()
            if not self.ready:
                return None
            self.taken += 1
            return self.ready.popleft()

    def renew(self) -> None:
        """Keep what is ready and what is being sent, however slow whoever takes it is."""
        since = time.monotonic() - LONGEST
        with self.lock:
            held = [*self.ready, *(delivery for delivery, begun in list(self.in_hand.values()) if begun > since)]
        leases.renew(held, self._time())

    def _write_down(self, sent: Sent | None) -> None:
        for wait in REPEATS:
            try:
                tries.record(sent)
                return
            except OperationalError:
                # It has left the house: as long as that is not written down, it would be sent again.
                log.warning("what was sent by %s cannot be written down; tried again in %s s", self.name, wait)
                connection.close()
                time.sleep(wait)
        tries.record(sent)

    def _is_stale(self) -> bool:
        return time.monotonic() - self.read_at > FRESH

    def _turn(self, sent: Sent | None, delivery: Delivery) -> Sent | None:
        here = threading.get_ident()
        self.in_hand[here] = delivery, time.monotonic()
        try:
            return tries.turn(sent, leases.seen_again(delivery) if self._is_stale() else delivery)
        except OperationalError:
            raise
        except Exception:
            # Whatever is wrong with one message, the others behind it are not to wait for it.
            log.exception("the delivery %s could not be tried", delivery.pk)
            self._write_down(sent)
            leases.settle(delivery, Delivery.State.WAITING, due_at=self._time() + PUT_OFF)
            return None
        finally:
            del self.in_hand[here]

    def _time(self) -> datetime:
        # A lease counts from its own claim: from the start of a long round it would have lapsed before it began.
        return self.now + timedelta(seconds=time.monotonic() - self.began)

    def _leave(self) -> None:
        with self.lock:
            left, self.ready = list(self.ready), deque()
        for delivery in left:
            leases.settle(delivery, Delivery.State.WAITING)
        try:
            named(self.name).let_go()
        except KeyError:
            return
        except Exception:
            log.warning("channel %s did not close its connection", self.name, exc_info=True)
