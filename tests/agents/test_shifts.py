"""Looking in shifts, with real rows, real threads, and real connections on loopback."""

import itertools
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import override_settings
from django.utils import timezone
from django_q.models import OrmQ

from agents import roster, shifts, ways
from agents.models import Agent, Lease
from agents.probes.readings import ProbeError, Reading, Target
from agents.shifts import Looker, on_the_grid, shift
from agents.work import Job
from notifications import hosts
from outages import actions, looking, recording
from outages.history import points
from outages.models import Check, Outage
from tests import make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
# Seconds between two turns, of which none comes while a test runs: the next one is in 2033.
YEARS = 1_000_000_000


class Moody:
    """A way of looking that plays the outside: it answers, is slow, cannot ask, or breaks, as `mood` says."""

    label, options, try_seconds = "Moody", (), 0.1
    mood, seconds = "up", 0.0

    def probe(self, targets: Sequence[Target]) -> list[Reading]:
        asked_at = time.time()
        time.sleep(self.seconds)
        if self.mood == "cannot":
            raise ProbeError("the network of this machine is away")
        if self.mood == "breaks":
            raise ZeroDivisionError("a fault of the probe")
        if self.mood == "mute":
            return []
        return [Reading(target.key, self.mood == "up", asked_at, 1.0) for target in targets]


FAULTS: list[Exception] = []


def stumbles(readings):
    """Recording that fails as often as FAULTS says."""
    if FAULTS:
        raise FAULTS.pop()
    return recording.record(readings)


class Host:
    """Something that accepts connections on loopback until it is closed."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                self.server.accept()[0].close()
            except OSError:
                return

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


@pytest.fixture(autouse=True)
def outside(settings, db):
    settings.PROBES = {**settings.PROBES, "moody": f"{__name__}.Moody"}
    ways.probe.cache_clear()
    Moody.mood, Moody.seconds = "up", 0.0
    FAULTS.clear()
    roster.simulate(True)
    yield
    ways.probe.cache_clear()


@pytest.fixture
def host():
    host = Host()
    yield host
    host.close()


def tcp(host, **fields):
    equipment = make.equipment(address="127.0.0.1")
    return make.check(equipment, probe="tcp", port=host.port, **({"interval": 1} | fields))


def moody(**fields):
    return make.check(make.equipment(address="127.0.0.2"), probe="moody", **({"interval": 1} | fields))


@contextmanager
def on_duty(seconds=60.0, shard=0):
    """A shift in a thread; its lease is taken from it at the end. What became of it is in the list."""
    outcome = []

    def work():
        try:
            outcome.append(shift(shard, seconds))
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield outcome
    finally:
        Lease.objects.filter(shard=shard).update(until=None)
        thread.join(10)
        assert not thread.is_alive()


def until(happens, seconds=5.0):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def readings(check, since=None):
    now = timezone.now()
    return list(points(check, since or now - timedelta(minutes=5), now + timedelta(seconds=1)))


def more_readings(check, count=1, since=None):
    since = since or timezone.now()
    return lambda: len(readings(check, since)) >= count


def state(check):
    return Check.objects.get(pk=check.pk).state


def trouble():
    return roster.here().trouble


@pytest.mark.parametrize(
    ("now", "interval", "turn"), [(0.0, 10, 10), (9.99, 10, 10), (10.0, 10, 20), (1_700_000_000.5, 1, 1_700_000_001)]
)
def test_a_turn_is_the_next_multiple_of_the_interval(now, interval, turn):
    assert on_the_grid(now, interval) == turn


def test_a_new_check_is_asked_at_once_even_if_its_interval_is_a_day(host):
    check = tcp(host, interval=86_400)
    with on_duty():
        until(lambda: state(check) == "up")
    assert readings(check)[0].ms < 1000


def test_an_interval_of_one_second_is_kept(host):
    check = tcp(host)
    with on_duty():
        until(more_readings(check, 2))
        since = timezone.now()
        time.sleep(4)
        found = [point.at for point in readings(check, since)]
    assert 3 <= len(found) <= 5
    assert all(0.8 < later - earlier < 1.3 for earlier, later in itertools.pairwise(found))


def test_of_two_shifts_on_one_shard_only_one_runs(host):
    tcp(host)
    with on_duty() as first:
        until(lambda: Lease.objects.exclude(until=None).exists())
        assert shift(0, 60) == "another worker has this shard"
        assert first == []


def test_a_shift_that_loses_its_lease_stops_within_two_seconds_and_leaves_it_alone(host):
    tcp(host)
    with on_duty() as outcome:
        until(lambda: Lease.objects.exclude(until=None).exists())
        Lease.objects.update(holder="somebody else", until=timezone.now() + timedelta(hours=1))
        until(lambda: outcome, 2)
        assert outcome == ["lost the lease"]
        assert Lease.objects.get().holder == "somebody else"
        assert not OrmQ.objects.exists()


def test_a_lost_lease_is_noticed_while_a_slow_sweep_is_in_the_air():
    moody()
    Moody.seconds = 4.0
    with on_duty() as outcome:
        until(lambda: Lease.objects.exclude(until=None).exists())
        Lease.objects.update(holder="somebody else")
        until(lambda: outcome, 2)


def test_a_shift_that_is_over_hands_over_to_the_next():
    assert shift(0, 0.3) == "handed over"
    lease = Lease.objects.get()
    assert lease.holder == ""
    assert lease.until <= timezone.now()
    task = OrmQ.objects.get(key="looking").task
    assert (task["func"], task["args"]) == ("agents.shifts.shift", (0,))


def test_a_shift_waits_for_the_sweep_in_the_air_and_holds_its_lease_meanwhile(host):
    slow, fast = moody(interval=3600), tcp(host)
    Moody.seconds = 2.5
    with on_duty(0.5) as outcome:
        time.sleep(1.5)
        assert outcome == []
        since = timezone.now()
        assert Lease.objects.get().until > since + shifts.LEASE - timedelta(seconds=2)
        until(lambda: outcome, 3)
    assert outcome == ["handed over"]
    assert state(slow) == "up"
    assert readings(fast, since)


def test_after_a_gap_everything_is_asked_at_once_and_after_a_hand_over_nothing(host):
    check = tcp(host, interval=YEARS)
    for holder, more in (("", 0), ("killed", 1)):
        Check.objects.update(state="up", settled=True)
        Lease.objects.update_or_create(shard=0, defaults={"holder": holder, "until": timezone.now()})
        before = len(readings(check))
        shift(0, 0.5)
        assert len(readings(check)) == before + more


def test_a_start_frees_what_this_host_held_and_nothing_else():
    shifts.take(0, f"{hosts.HERE}:1:ab")
    Lease.objects.create(shard=1, holder="elsewhere:1:ab", until=timezone.now() + timedelta(hours=1))
    with override_settings(SHARDS=3):
        assert shifts.lapsed(timezone.now()) == [2]
        shifts.release()
        assert shifts.lapsed(timezone.now()) == [0, 2]


def test_two_workers_that_grasp_for_one_lease_do_not_both_get_it():
    taken, start = [], threading.Barrier(6)

    def grasp(number):
        start.wait()
        try:
            taken.append(shifts.take(0, f"worker {number}"))
        finally:
            connection.close()

    threads = [threading.Thread(target=grasp, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=str) == [False, None, None, None, None, None]


def test_a_host_that_falls_silent_is_out_and_comes_back(host):
    check = tcp(host, count=2, window=3)
    with on_duty():
        until(lambda: state(check) == "up")
        host.close()
        until(lambda: Outage.objects.open().exists())
        host.server = socket.create_server(("127.0.0.1", host.port), backlog=100)
        until(lambda: state(check) == "up")
    outage = Outage.objects.get()
    assert outage.started_at < outage.ended_at
    assert outage.opened_by["message"] == "connection refused"


def test_a_probe_that_cannot_ask_freezes_what_it_looks_at_and_says_so_until_it_can():
    check = moody(count=1, window=5)
    with on_duty():
        until(lambda: state(check) == "up")
        Moody.mood = "cannot"
        until(lambda: "moody" in trouble())
        assert trouble()["moody"]["why"] == "the network of this machine is away"
        time.sleep(1.2)
        assert state(check) == "up"
        Moody.mood = "up"
        until(lambda: trouble() == {})
    assert not Outage.objects.exists()


@pytest.mark.parametrize("mood", ["breaks", "mute"])
def test_a_fault_of_one_probe_stops_neither_the_shift_nor_the_others(host, mood):
    broken, healthy = moody(), tcp(host)
    Moody.mood = mood
    with on_duty():
        until(more_readings(healthy, 3))
        assert ("moody" in trouble()) == (mood == "breaks")
        Moody.mood = "up"
        until(lambda: state(broken) == "up")
        until(lambda: trouble() == {})


def test_a_check_by_a_probe_that_is_no_more_stops_nothing_and_is_said(host):
    make.check(make.equipment(address="127.0.0.3"), probe="removed")
    healthy = tcp(host)
    with on_duty():
        until(lambda: "removed" in trouble())
        until(more_readings(healthy, 2))
        Check.objects.get(probe="removed").delete()
        roster.tell_new_work()
        until(lambda: trouble() == {})


@pytest.mark.parametrize("fault", [OperationalError("database is locked"), ValueError("a fault of ours")])
def test_readings_that_could_not_be_recorded_do_not_stop_looking(host, settings, fault):
    settings.AGENT_READINGS = f"{__name__}.stumbles"
    check = tcp(host)
    FAULTS.extend([fault, fault])
    with on_duty():
        until(lambda: str(fault) in trouble().get("tcp", {}).get("why", ""))
        until(lambda: state(check) == "up")
        until(lambda: trouble() == {})


def test_what_is_added_changed_switched_off_and_deleted_is_taken_up_while_the_shift_runs(host):
    check = tcp(host, interval=3600)
    with on_duty():
        until(lambda: state(check) == "up")
        second = tcp(host, interval=3600)
        roster.tell_new_work()
        until(lambda: state(second) == "up", 2)
        check.interval = 1
        actions.save_check(check)
        until(more_readings(check, 2), 4)
        check.on = False
        actions.save_check(check)
        time.sleep(0.5)
        since = timezone.now()
        actions.delete_check(second)
        check.on = True
        actions.save_check(check)
        until(more_readings(check, 1, since), 2)


def test_what_is_switched_off_is_not_asked(host):
    check = tcp(host)
    with on_duty():
        until(more_readings(check))
        check.on = False
        actions.save_check(check)
        # It writes that it is there just before it takes up what has changed.
        for _ in range(2):
            before = Agent.objects.get().seen_at
            until(lambda before=before: Agent.objects.get().seen_at > before)
        since = timezone.now()
        time.sleep(1.5)
        assert readings(check, since) == []


def test_another_port_is_asked_at_once_however_long_the_interval(host):
    check = make.check(make.equipment(address="127.0.0.1"), probe="moody", interval=YEARS)
    with on_duty():
        until(lambda: state(check) == "up")
        check.probe, check.port = "tcp", host.port
        actions.save_check(check)
        until(lambda: len(readings(check)) == 2, 2)


def test_an_interval_that_is_changed_while_the_check_is_being_asked_is_not_lost():
    check = moody(interval=3600)
    Moody.seconds = 1.0
    with on_duty():
        time.sleep(0.5)
        check.interval = 1
        actions.save_check(check)
        until(lambda: state(check) == "up")
        Moody.seconds = 0.0
        until(more_readings(check, 2), 4)


def test_slow_sweeps_do_not_delay_fast_checks(host):
    moody()
    fast = tcp(host)
    Moody.seconds = 3.0
    with on_duty():
        until(more_readings(fast))
        since = timezone.now()
        time.sleep(2.5)
        assert len(readings(fast, since)) >= 2


def test_any_number_of_slow_sweeps_leaves_threads_for_the_others(host):
    looker = Looker(0, "me", everything_now=False)
    Moody.seconds = 1.0
    for number in range(30):
        looker.send("moody", [Job("moody", Target(number, "127.0.0.2"), 1.0)])
    started = time.monotonic()
    looker.send("tcp", [Job("tcp", Target(99, "127.0.0.1", {"port": host.port}), 1.0)])
    sweep = next(sweep for sweep, flight in looker.in_the_air.items() if flight.jobs[0].probe == "tcp")
    assert sweep.result(0.8)[0].up is True
    assert time.monotonic() - started < 0.8
    looker.end()


def test_shards_split_the_work_without_overlap():
    checks = {make.check().pk for _ in range(7)}
    with override_settings(SHARDS=2):
        halves = [{job.target.key for job in looking.work(shard)} for shard in range(2)]
    assert halves[0] | halves[1] == checks
    assert halves[0] & halves[1] == set()
    assert all(halves)


def test_a_second_shard_looks_at_its_own_half_alone(host, settings):
    settings.SHARDS = 2
    checks = [tcp(host), tcp(host)]
    with on_duty(shard=checks[0].pk % 2):
        until(lambda: state(checks[0]) == "up")
        time.sleep(0.5)
    assert state(checks[1]) == "new"


def test_the_roster_is_told_that_somebody_looks(host):
    check = tcp(host)
    with on_duty():
        until(lambda: state(check) == "up")
        until(lambda: Agent.objects.get().swept_count == 1)
    assert not roster.is_late(timezone.now())
