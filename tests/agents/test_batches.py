"""Batches in a shift: many targets of one source, asked together, by one sweep at a time, on the grid."""

import itertools
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import connection

from agents import roster, shifts, ways
from agents.models import Lease
from agents.probes.readings import Reading, Target, UpstreamError
from agents.shifts import Looker, shift
from agents.work import Advice, Job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
# Seconds between two turns, of which none comes while a test runs: the next one is in 2033.
YEARS = 1e9
# What the setting AGENT_WORK gives, and what came back by the other two.
WORK: list[Job] = []
NOTED, RECORDED, SWEEPS = [], [], []
ADVICE = {}


class Bulk:
    """A source that answers for all of its targets; it is slow, or faulty, as a test says."""

    label, options, try_seconds, of_source = "Bulk", (), 1.0, True
    seconds, fault = 0.0, None

    def probe(self, targets):
        asked_at = time.time()
        SWEEPS.append((asked_at, [target.key for target in targets]))
        time.sleep(self.seconds)
        if self.fault:
            raise self.fault
        return [Reading(target.key, True, asked_at) for target in targets]


class Quick(Bulk):
    """One that answers at once."""

    of_source = False

    def probe(self, targets):
        SWEEPS.append((time.time(), [target.key for target in targets]))
        return [Reading(target.key, True, time.time()) for target in targets]


def work(shard):
    return list(WORK)


def record(readings):
    RECORDED.append(list(readings))
    return Advice(again=dict(ADVICE))


def note(outcome):
    NOTED.append(outcome)


def jobs(count=3, batch="source 1", probe="bulk", interval=1.0, first=0, **fields):
    return [
        Job(probe, Target(first + key, "127.0.0.1", tries=1), interval, batch=batch, **fields) for key in range(count)
    ]


@pytest.fixture(autouse=True)
def outside(settings):
    here = {"bulk": f"{__name__}.Bulk", "quick": f"{__name__}.Quick"}
    settings.PROBES = {**settings.PROBES, **here}
    settings.AGENT_WORK, settings.AGENT_READINGS = f"{__name__}.work", f"{__name__}.record"
    settings.AGENT_STATE = f"{__name__}.note"
    ways.probe.cache_clear()
    Bulk.seconds, Bulk.fault = 0.0, None
    for kept in (WORK, NOTED, RECORDED, SWEEPS, ADVICE):
        kept.clear()
    yield
    ways.probe.cache_clear()


@contextmanager
def on_duty(seconds=60.0):
    def begin():
        try:
            shift(0, seconds)
        finally:
            connection.close()

    thread = threading.Thread(target=begin)
    thread.start()
    try:
        yield
    finally:
        Lease.objects.filter(shard=0).update(until=None)
        thread.join(15)
        assert not thread.is_alive()


def until(happens, seconds=6.0):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def off_the_grid(interval=1.0):
    """How far the sweeps were from the beat."""
    return [asked_at % interval for asked_at, _ in SWEEPS]


def test_all_of_a_batch_is_asked_by_one_sweep_on_the_grid():
    WORK.extend(jobs(200))
    with on_duty():
        until(lambda: len(SWEEPS) == 3)
    assert {len(keys) for _, keys in SWEEPS} == {200}
    assert max(off_the_grid()) < 0.3


def test_two_sources_are_asked_apart_and_each_has_its_outcome():
    WORK.extend(jobs(2) + jobs(3, "source 2", first=10))
    with on_duty():
        until(lambda: len(NOTED) >= 4)
    assert {(outcome.batch, outcome.size) for outcome in NOTED} == {("source 1", 2), ("source 2", 3)}
    assert {frozenset(keys) for _, keys in SWEEPS} == {frozenset({0, 1}), frozenset({10, 11, 12})}


def test_a_suspect_does_not_ask_for_the_whole_source_once_more():
    WORK.extend(jobs(50))
    ADVICE[7] = 0.2
    with on_duty():
        until(lambda: len(SWEEPS) == 4)
    assert {len(keys) for _, keys in SWEEPS} == {50}
    assert max(off_the_grid()) < 0.3


def test_answers_slower_than_the_interval_never_pile_up_and_the_next_poll_waits_for_the_beat():
    WORK.extend(jobs())
    Bulk.seconds = 1.4
    with on_duty():
        until(lambda: len(NOTED) == 3, 10)
    starts = [asked_at for asked_at, _ in SWEEPS]
    assert all(later - earlier > 1.4 for earlier, later in itertools.pairwise(starts))
    assert max(off_the_grid()) < 0.3
    assert all(1.3 < outcome.seconds < 1.8 for outcome in NOTED)


def test_what_is_new_while_the_batch_is_in_the_air_waits_for_the_next_turn():
    WORK.extend(jobs())
    Bulk.seconds = 0.6
    with on_duty():
        until(lambda: SWEEPS)
        WORK.extend(jobs(2, first=10, soon=True))
        roster.tell_new_work()
        until(lambda: len(SWEEPS) == 3)
    # Until it has noticed that it is over, it may have begun another.
    assert [len(keys) for _, keys in SWEEPS[:3]] == [3, 5, 5]


def test_a_source_that_was_never_asked_is_asked_at_once():
    WORK.extend(jobs(interval=YEARS, soon=True))
    with on_duty():
        until(lambda: NOTED, 2)
    assert len(SWEEPS) == 1


def test_after_a_hand_over_the_beat_is_kept():
    WORK.extend(jobs(interval=YEARS))
    shift(0, 0.3)
    assert SWEEPS == []


def test_a_fault_is_handed_on_with_its_kind_and_shuts_no_way_of_looking():
    WORK.extend(jobs())
    Bulk.fault = UpstreamError("unauthorised", "the key is not accepted")
    with on_duty():
        until(lambda: len(NOTED) == 2)
        trouble = roster.here().trouble
    assert [(outcome.fault.kind, str(outcome.fault)) for outcome in NOTED[:2]] == [
        ("unauthorised", "the key is not accepted")
    ] * 2
    assert trouble == {}
    assert RECORDED == []


def test_a_fault_of_our_own_is_handed_on_as_well():
    WORK.extend(jobs())
    Bulk.fault = ZeroDivisionError("oh")
    with on_duty():
        until(lambda: NOTED)
    assert (NOTED[0].fault.kind, str(NOTED[0].fault)) == ("ours", "oh")


def test_who_wants_to_be_left_alone_is_not_asked_before():
    WORK.extend(jobs())
    Bulk.fault = UpstreamError("throttled", "later", 2.5)
    with on_duty():
        until(lambda: len(NOTED) == 2)
    assert NOTED[1].asked_at - NOTED[0].asked_at >= 2.5


def test_the_next_shift_leaves_alone_whom_the_last_one_was_told_to_leave_alone():
    start = time.time()
    WORK.extend(jobs(not_before=start + 2.5, asked_for=start))
    with on_duty():
        until(lambda: NOTED)
    assert NOTED[0].asked_at >= start + 2.5


def test_a_wish_is_answered_at_once_and_only_once():
    WORK.extend(jobs(interval=YEARS))
    with on_duty():
        until(lambda: Lease.objects.exclude(until=None).exists())
        time.sleep(0.4)
        assert SWEEPS == []
        wish = time.time()
        WORK[:] = [replace(job, asked_for=wish) for job in WORK]
        roster.tell_new_work()
        until(lambda: NOTED, 2)
        roster.tell_new_work()
        time.sleep(1.5)
    assert len(SWEEPS) == 1


def test_a_shift_that_is_over_lets_a_slow_batch_come_back_and_goes_on_with_the_others():
    WORK.extend(jobs(interval=60.0, soon=True))
    WORK.extend(jobs(1, "", "quick", first=10))
    Bulk.seconds = 2.8
    shifts.take(0, "me")
    looker = Looker(0, "me", everything_now=False)
    assert looker.run(time.monotonic() + 0.3, wind_down=0.3)
    looker.end()
    assert len(NOTED) == 1
    assert sum(keys == [10] for _, keys in SWEEPS) >= 2


def test_where_the_outcome_cannot_be_noted_looking_goes_on(settings):
    settings.AGENT_STATE = f"{__name__}.stumble"
    WORK.extend(jobs())
    with on_duty():
        until(lambda: len(RECORDED) >= 2)


def stumble(outcome):
    raise ValueError("a fault of ours")
