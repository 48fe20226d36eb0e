"""Looking in shifts: a task of the cluster `looking` holds the lease of a shard, asks what is due, and hands over.

The lease is a row: held for some seconds and renewed each second. Who cannot renew it has lost it and stops; who finds
it lapsed (the worker was killed) takes it over. The clock of a job is a grid: it is due at each multiple of its
interval since the epoch, so shifts that follow each other keep the same beat.
"""

from __future__ import annotations

import heapq
import logging
import math
import os
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from agents import roster, ways
from agents.models import Lease
from agents.probes.readings import ProbeError, Reading, Target, UpstreamError
from agents.turns import Flight, Turn, on_the_grid
from agents.work import Advice, Job, Outcome
from notifications import hosts

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=8)
SHIFT_SECONDS = 300.0
RELOAD_SECONDS = 5.0  # what is to be looked at is read again, should nobody have told of a change
TICK = 0.05  # seconds between two looks at what is due and what is back
WIND_DOWN = 10.0  # seconds for which what is quick goes on being asked, while a slow sweep is awaited
AT_ONCE = 8  # sweeps of one probe in the air; each probe has threads of its own, so a slow one delays no other


def lapsed(now: datetime) -> list[int]:
    """The shards that nobody looks at."""
    held = set(Lease.objects.exclude(until=None).filter(until__gt=now).values_list("shard", flat=True))
    return [shard for shard in range(settings.SHARDS) if shard not in held]


def enqueue(shard: int) -> None:
    """Ask the cluster `looking` for a worker that takes this shard; one too many finds the lease taken and ends."""
    async_task("agents.shifts.shift", shard, cluster="looking")


def release() -> None:
    """At a start: what a process of this host held, it holds no more."""
    Lease.objects.filter(holder__startswith=f"{hosts.HERE}:").update(until=None)


def shift(shard: int, seconds: float = SHIFT_SECONDS) -> str:
    """Look at a shard until the shift is over or its lease is lost; what became of it, in words."""
    holder = f"{hosts.HERE}:{os.getpid()}:{secrets.token_hex(4)}"
    after_a_gap = take(shard, holder)
    if after_a_gap is None:
        return "another worker has this shard"
    log.info("shard %s: looking%s", shard, " again after a gap" if after_a_gap else "")
    looker = Looker(shard, holder, everything_now=after_a_gap)
    try:
        kept = looker.run(time.monotonic() + seconds)
    finally:
        looker.end()
    if not kept:
        return "lost the lease"
    Lease.objects.filter(shard=shard, holder=holder).update(until=timezone.now(), holder="")
    enqueue(shard)
    return "handed over"


def take(shard: int, holder: str) -> bool | None:
    """Take the lease: None if somebody holds it, else whether there was a gap (nobody had handed it over)."""
    now = timezone.now()
    row, _ = Lease.objects.get_or_create(shard=shard)
    # Who hands over takes the name away; a worker that was killed leaves it, and what was due meanwhile was not asked.
    if not Lease.objects.free(now).filter(shard=shard).update(holder=holder, until=now + LEASE):
        return None
    return row.holder != ""


def renew(shard: int, holder: str) -> bool:
    """Hold the lease for another while; False if it is no longer ours."""
    mine = Lease.objects.filter(shard=shard, holder=holder, until__isnull=False)
    return bool(mine.update(until=timezone.now() + LEASE))


class Looker:
    """One shift: the queue of what is due, the sweeps in the air, and what comes back.

    A batch is asked on the grid, and never by two sweeps at a time: where its answer is slower than its interval, the
    next one begins at the next turn after it.
    """

    def __init__(self, shard: int, holder: str, *, everything_now: bool) -> None:
        self.shard, self.holder = shard, holder
        self.everything_now = everything_now
        self.pools: dict[str, ThreadPoolExecutor] = {}
        self.work: Callable[[int], Sequence[Job]] = import_string(settings.AGENT_WORK)
        self.record: Callable[[Sequence[Reading]], Advice] = import_string(settings.AGENT_READINGS)
        self.note: Callable[[Outcome], None] = import_string(settings.AGENT_STATE)
        self.jobs: dict[int, Job] = {}
        self.due: dict[int, float] = {}
        self.queue: list[Turn] = []
        self.in_the_air: dict[Future[list[Reading]], Flight] = {}
        self.asking: set[int] = set()
        self.rests: dict[str, float] = {}  # batches that want to be left alone until then (epoch seconds)
        self.report = roster.Report()
        self.renewed = self.reloaded = -math.inf
        self.changes = -1

    def run(self, until: float, wind_down: float = WIND_DOWN) -> bool:
        """Look until `until` (monotonic seconds); False if the lease was lost on the way.

        Then it ends as soon as nothing is in the air. What is quick goes on being asked while a slow sweep is awaited,
        but only for `wind_down` seconds unless it is that of a batch. The lease is held until the last one is back.
        """
        while (clock := time.monotonic()) < until or self.in_the_air:
            if not self.keep(clock):
                return False
            late = clock >= until + wind_down
            if not late or self.batches_asked():
                self.start(time.time(), batches=not late)
            self.collect()
        self.report.write(timezone.now())
        return True

    def keep(self, clock: float) -> bool:
        """Each second hold the lease and report; take up new work at once. False if the lease is lost."""
        if clock - self.renewed >= 1:
            self.renewed = clock
            if not renew(self.shard, self.holder):
                return False
            self.report.write(timezone.now())
        changes = roster.work_changes()
        if changes != self.changes or clock - self.reloaded >= RELOAD_SECONDS:
            self.changes, self.reloaded = changes, clock
            self.reload(time.time())
        return True

    def end(self) -> None:
        """Wait for nothing more: what is still in the air is another worker's to ask again."""
        for pool in self.pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def reload(self, now: float) -> None:
        """Take up what is new or changed, drop what is gone."""
        jobs = {job.target.key: job for job in self.work(self.shard)}
        batches = {job.batch for job in self.jobs.values()}
        for key, job in jobs.items():
            known = self.jobs.get(key)
            turn = on_the_grid(now, job.interval)
            if known is None:
                at_once = job.soon and not (job.batch and job.batch in batches)
                self.plan(key, now if at_once or self.everything_now else turn)
            elif (known.probe, known.target) != (job.probe, job.target):
                self.plan(key, now)
            elif known.interval != job.interval:
                self.plan(key, min(self.due.get(key, math.inf), turn))
            if job.asked_for > (known.asked_for if known else 0.0):
                self.plan(key, max(now, job.asked_for))
        self.jobs = jobs
        self.report.used = {job.probe for job in jobs.values()}
        self.everything_now = False

    def plan(self, key: int, at: float) -> None:
        """The next turn of this job, instead of any planned before."""
        self.due[key] = at
        heapq.heappush(self.queue, Turn(at, key))

    def batches_asked(self) -> set[str]:
        """The batches that are in the air."""
        return {flight.batch for flight in self.in_the_air.values()} - {""}

    def start(self, now: float, *, batches: bool = True) -> None:
        """Send out what is due, one sweep for each probe, number of tries and batch; new ones of batches if wanted."""
        sweeps: dict[tuple[str, int, str], list[Job]] = defaultdict(list)
        asked = self.batches_asked()
        while self.queue and self.queue[0].at <= now:
            turn = heapq.heappop(self.queue)
            job = self.jobs.get(turn.key)
            if job is None or self.due.get(turn.key) != turn.at:
                continue
            del self.due[turn.key]
            if job.batch and (not batches or job.batch in asked or self.rest(job) > now):
                self.plan(turn.key, on_the_grid(max(now, self.rest(job)), job.interval))
            elif turn.key not in self.asking:
                sweeps[job.probe, job.target.tries, job.batch].append(job)
        for (probe, _, _), jobs in sweeps.items():
            self.send(probe, jobs)

    def rest(self, job: Job) -> float:
        """Until when the batch of this job wants to be left alone, in epoch seconds; 0 where it said nothing."""
        return max(job.not_before, self.rests.get(job.batch, 0.0))

    def send(self, probe: str, jobs: list[Job]) -> None:
        """Ask all of these by one sweep, in a thread of its own."""
        flight = Flight(jobs, time.time(), time.monotonic())
        self.asking.update(job.target.key for job in jobs)
        pool = flight.batch or probe
        if pool not in self.pools:
            self.pools[pool] = ThreadPoolExecutor(1 if flight.batch else AT_ONCE, thread_name_prefix=pool)
        self.in_the_air[self.pools[pool].submit(_ask, probe, [job.target for job in jobs])] = flight

    def collect(self) -> None:
        """Take in the sweeps that are back; wait a moment for one, or for the next turn."""
        if not self.in_the_air:
            time.sleep(TICK)
            return
        done, _ = wait(self.in_the_air, timeout=TICK, return_when=FIRST_COMPLETED)
        for sweep in done:
            flight = self.in_the_air.pop(sweep)
            self.asking.difference_update(job.target.key for job in flight.jobs)
            self.take_in(sweep, flight)

    def take_in(self, sweep: Future[list[Reading]], flight: Flight) -> None:
        """Hand the readings on and plan the next turns; a probe that could not ask freezes what it looks at."""
        probe, seconds = flight.jobs[0].probe, time.monotonic() - flight.clock
        try:
            readings = sweep.result()
        except Exception as fault:
            if not isinstance(fault, ProbeError):
                log.exception("the probe %s failed", probe)
            self.could_not(flight, fault, seconds)
            self.again(flight.jobs, time.time(), {})
            return
        advice = self.recorded(probe, readings)
        if flight.batch:
            self.noted(Outcome(flight.batch, flight.sent_at, seconds, len(readings)))
        self.again(flight.jobs, min((reading.asked_at for reading in readings), default=time.time()), advice.again)
        for job in advice.at_once:
            self.jobs.setdefault(job.target.key, job)
            if job.target.key not in self.asking:
                self.plan(job.target.key, 0.0)

    def could_not(self, flight: Flight, fault: Exception, seconds: float) -> None:
        """Say why nothing is known: of a batch, its source is told of; else the whole way of looking is shut."""
        words = str(fault) or type(fault).__name__
        if not flight.batch:
            self.report.cannot(flight.jobs[0].probe, words, timezone.now())
            return
        upstream = fault if isinstance(fault, UpstreamError) else UpstreamError("ours", words)
        if upstream.retry_after:
            self.rests[flight.batch] = time.time() + upstream.retry_after
        self.noted(Outcome(flight.batch, flight.sent_at, seconds, len(flight.jobs), upstream))

    def noted(self, outcome: Outcome) -> None:
        """Hand on how a batch answered; where that fails, looking goes on, and the next poll tells."""
        try:
            self.note(outcome)
        except Exception as fault:
            log.exception("how %s answered was not noted", outcome.batch)
            if isinstance(fault, DatabaseError):
                connection.close()

    def recorded(self, probe: str, readings: Sequence[Reading]) -> Advice:
        """Record; where that fails, looking goes on, the page says so, and the next readings tell."""
        try:
            advice = self.record(readings)
        except Exception as fault:
            log.exception("%s readings were not recorded", len(readings))
            if isinstance(fault, DatabaseError):
                connection.close()
            self.report.cannot(probe, f"its readings could not be kept: {fault}", timezone.now())
            return Advice()
        self.report.swept(probe, readings, timezone.now())
        return advice

    def again(self, jobs: Iterable[Job], asked_at: float, soon: Mapping[int, float]) -> None:
        """Plan the next turn of each, as its check is set by now; sooner where its judging is under way."""
        now = time.time()
        for key in (job.target.key for job in jobs):
            if job := self.jobs.get(key):
                # A batch counts its own polls: one suspect does not ask for all the others once more.
                spacing = None if job.batch else soon.get(key)
                self.plan(key, max(now, asked_at + spacing) if spacing else on_the_grid(now, job.interval))


def _ask(probe: str, targets: Sequence[Target]) -> list[Reading]:
    return list(ways.probe(probe).probe(targets))
