"""What `manage.py up` does each second: wake the jobs for which there is work, and ask the clusters for a sign of life.

The database may be locked, slow or away: then the second is lost, and said once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone

from config import options, pulse

log = logging.getLogger(__name__)

# Seconds: no job is woken more often.
BEAT_EVERY = 5.0
DELIVER_EVERY = 2.0
SHIFT_EVERY = 3.0
# Seconds without a sign of life after which a cluster is started anew.
STALE = 20.0


class Metronome(threading.Thread):
    """A thread beside the supervisor, whose own loop never waits for the database."""

    def __init__(self) -> None:
        super().__init__(name="metronome", daemon=True)
        self.ending = threading.Event()
        self.asked: dict[str, float] = {}
        self.faults: dict[str, str] = {}
        self.unanswered_since: float | None = None
        self.lapsed_since: dict[int, float] = {}
        self.looked_at_shifts = 0.0
        self.has_demo = settings.DEMO
        self.clock: Any = None

    def run(self) -> None:
        """Turn once a second until told to end."""
        self.turn()
        while not self.ending.wait(1.0):
            self.turn()
        connections.close_all()

    def end(self) -> None:
        """End after the turn in hand, and wait a moment for that."""
        self.ending.set()
        self.join(0.5)

    def turn(self) -> None:
        """Each step by itself, so that a fault in one does not stop the others."""
        steps = (
            self.watch_clock,
            self.wake_shifts,
            self.wake_deliver,
            self.wake_plans,
            self.wake_escalations,
            self.ask_for_a_sign,
            self.look_for_demo,
        )
        for step in steps:
            self._try(step)

    def watch_clock(self) -> None:
        """Notice when somebody moved the clock, and let nothing wait for a time that was meant otherwise."""
        from config.steps import Steps, watch

        self.clock = self.clock or Steps()
        watch(self.clock)

    def wake_shifts(self) -> None:
        """Enqueue a shift for each shard that nobody looks after."""
        from agents import shifts

        now = time.monotonic()
        lapsed = shifts.lapsed(timezone.now())
        self.lapsed_since = {shard: self.lapsed_since.get(shard, now) for shard in lapsed}
        self.looked_at_shifts = now
        for shard in lapsed:
            self._not_more_often(SHIFT_EVERY, f"shift {shard}", partial(shifts.enqueue, shard))

    def wake_deliver(self) -> None:
        """Enqueue the delivery job when something waits to be sent, or to be gathered into a digest."""
        from notifications.delivery import storm
        from notifications.delivery.deliver import waiting

        now = timezone.now()
        if waiting(now) or storm.is_due(now):
            self._not_more_often(DELIVER_EVERY, "deliver", partial(_enqueue, "notifications.jobs.deliver"))

    def wake_plans(self) -> None:
        """Enqueue the job that tells what has come due, and plans what was newly asked for."""
        from notifications import firing, planning

        now = timezone.now()
        if firing.waiting(now) or planning.unplanned(now):
            self._not_more_often(DELIVER_EVERY, "plans", partial(_enqueue, "notifications.jobs.fire"))

    def wake_escalations(self) -> None:
        """Enqueue the job that takes on what nobody acknowledged, and brings back what was snoozed."""
        from notifications import reading
        from notifications.duty import escalation

        now = timezone.now()
        if escalation.waiting(now) or reading.returning(now):
            self._not_more_often(DELIVER_EVERY, "escalations", partial(_enqueue, "notifications.jobs.escalate"))

    def ask_for_a_sign(self) -> None:
        """Enqueue a beat; remember since when none was answered."""
        self._not_more_often(BEAT_EVERY, "beat", self._ask)

    def look_for_demo(self) -> None:
        """See whether the demo was loaded or cleared: the invented network runs as long as it is there."""
        self.has_demo = options.fresh().demo

    def default_ails(self, group: int, age: float) -> str:
        """What is wrong with the cluster `default`: it was asked, and gave no sign."""
        sign = pulse.last(group)
        asked = self.unanswered_since
        if asked is None or sign > asked:
            self.unanswered_since = None
            return ""
        silent = min(time.monotonic() - max(asked, sign), age)
        return f"has not run a task for {silent:.0f} s" if silent > STALE else ""

    def looking_ails(self, group: int, age: float) -> str:
        """What is wrong with the cluster `looking`: a shift was enqueued, and nobody took it."""
        since = min(self.lapsed_since.values(), default=None)
        if since is None:
            return ""
        idle = min(self.looked_at_shifts - since, age)
        return f"has not taken a shift for {idle:.0f} s" if idle > STALE else ""

    def _ask(self) -> None:
        _enqueue("config.jobs.beat")
        if self.unanswered_since is None:
            self.unanswered_since = time.monotonic()

    def _not_more_often(self, every: float, what: str, do: Callable[[], None]) -> None:
        now = time.monotonic()
        if now - self.asked.get(what, -every) >= every:
            do()
            self.asked[what] = now

    def _try(self, step: Callable[[], None]) -> None:
        name = step.__name__
        try:
            step()
        except Exception as fault:
            connections.close_all()
            if self.faults.get(name) != (words := f"{type(fault).__name__}: {fault}".split("\n")[0]):
                log.warning("%s: %s; tried again each second", name, words)
            self.faults[name] = words
        else:
            if self.faults.pop(name, None):
                log.warning("%s: works again", name)


def _enqueue(job: str) -> None:
    from django_q.tasks import async_task

    async_task(job, cluster="default")
