"""Steps of the clock: what to do when the machine's time jumps, by a correction or after a sleep.

Everything that waits until a time on the clock would wait an hour longer when the clock goes back by an hour.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from agents.models import Lease
from config import options, timetable
from notifications.models import Delivery
from outages import recording

log = logging.getLogger(__name__)

# Seconds. Less is corrected by time servers all day, and nothing that waits feels it.
STEP = 2.0


class Steps:
    """Compares the clock on the wall with the one that nobody sets, which goes on while the machine sleeps."""

    def __init__(self) -> None:
        self.offset = self._offset()

    @staticmethod
    def _offset() -> float:
        steady = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return time.time() - time.clock_gettime(steady)

    def look(self) -> float:
        """The seconds by which the clock has stepped since the last look; 0 for less than it is worth."""
        offset = self._offset()
        step, self.offset = offset - self.offset, offset
        return step if abs(step) >= STEP else 0.0


def mend(step: float, now: datetime) -> None:
    """The clock has just stepped by so many seconds, to `now`: let nothing wait for a time that was meant otherwise."""
    log.warning("the clock was moved by %+.0f s", step)
    with transaction.atomic():
        options.change(clock_step={"at": now.isoformat(), "seconds": round(step)})
        if step < 0:
            # Who looks plans its next questions by the clock: without its lease it ends, and another plans anew.
            Lease.objects.update(until=None)
            waiting = Delivery.objects.filter(state=Delivery.State.WAITING)
            waiting.filter(leased_until__gt=now).update(leased_until=F("leased_until") + timedelta(seconds=step))
            early = waiting.filter(due_at__gt=now, due_at__lte=now - timedelta(seconds=step))
            early.filter(notice__created_at__gt=now).update(due_at=now)
            recording.forget_later_than(now)
    timetable.install()


def watch(steps: Steps) -> None:
    """Look, and mend what a step has moved."""
    if step := steps.look():
        try:
            mend(step, timezone.now())
        except Exception:
            # The database was away: the step is seen again at the next look.
            steps.offset -= step
            raise
