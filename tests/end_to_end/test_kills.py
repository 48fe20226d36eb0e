"""Kill -9 of every process that there is: it runs again within seconds, never two of it, and looking goes on."""

import os
import signal
import threading
import time
from collections import Counter
from itertools import pairwise

import pytest

from agents.models import Lease
from agents.simulated.process import running
from outages.models import Sweep
from tests.end_to_end.installation import Installation, until

pytestmark = pytest.mark.processes
# A cluster is its leader, the sentinel below, and below that the workers, the monitor and the pusher.
FORKS = {"default": 4, "looking": 3}
EVERYTHING = Counter(
    ["web", "guard"]
    + [name for cluster in FORKS for name in (cluster, f"{cluster} > 1")]
    + [f"{cluster} > 1 > {n}" for cluster, forks in FORKS.items() for n in range(1, forks + 1)]
)
# Never two of one group at a time: the second would be hidden behind the first.
ROUNDS = (
    ("web", "default", "looking"),
    ("guard", "default > 1"),
    ("web", "default > 1 > 1"),
    ("default > 1 > 2",),
    ("default > 1 > 3",),
    ("default > 1 > 4",),
)


class Witness(threading.Thread):
    """Looks all the time, and keeps what was ever there twice."""

    def __init__(self, desk: Installation):
        super().__init__(daemon=True)
        self.desk = desk
        self.over = threading.Event()
        self.doubles: set[str] = set()

    def run(self) -> None:
        while not self.over.wait(0.05):
            self.doubles |= self.desk.doubles()


def pid_of(desk: Installation, name: str) -> int:
    return next(pid for pid, known in desk.census().items() if known == name)


def group_of(desk: Installation, name: str) -> set[int]:
    """All that have to be replaced when the process of this name dies."""
    return {pid for pid, known in desk.census().items() if known.split()[0] == name.split()[0]}


def runs_whole(desk: Installation, without: set[int]) -> bool:
    census = desk.census()
    return Counter(census.values()) == EVERYTHING and not without & census.keys() and does_its_work(desk, census)


def does_its_work(desk: Installation, census: dict[int, str]) -> bool:
    """The pages answer, the cluster `default` has run a task since its start, and `looking` holds the lease."""
    leaders = {name: pid for pid, name in census.items()}
    # A shift that hands over lets go of it for a moment.
    holder = [pid for lease in desk.rows(Lease) for pid in lease.holder.split(":")[1:2]]
    try:
        page = desk.browser().get("/keep-alive")
    except OSError:
        return False
    has_beaten = (desk.var / "beats" / str(leaders["default"])).exists()
    return page == "looking" and has_beaten and holder == [str(leaders["looking > 1 > 1"])]


def looked_without_a_gap_of(desk: Installation, seconds: float) -> None:
    times = sorted(desk.rows(Sweep).values_list("at", flat=True))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    print(f"{len(times)} sweeps, the longest gap {max(gaps)} s")
    assert max(gaps) < seconds


def one_host(desk: Installation, invented) -> None:
    core = invented.network.devices[0]
    host = {"name": core.name, "kind": "router", "address": core.address, "probe": "tcp", "port": core.port}
    desk.write(hosts=[host], loopback=True, interval=1, count=3, window=5)


@pytest.fixture
def whole(desk):
    """An installation that runs and looks at a host."""
    with running(customers=1) as invented:
        desk.start()
        one_host(desk, invented)
        until(lambda: runs_whole(desk, set()), "whole installation", 60)
        until(lambda: desk.rows(Sweep).exists(), "first sweep")
        yield desk


def test_whatever_is_killed_runs_again_within_seconds_and_never_twice(whole):
    witness = Witness(whole)
    witness.start()
    for victims in ROUNDS:
        # A fork that ends before it is two seconds old is the queue's own to replace, and the cluster goes on.
        time.sleep(2.2)
        pids = [pid_of(whole, name) for name in victims]
        old = set.union(*(group_of(whole, name) for name in victims))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        took = until(lambda old=old: runs_whole(whole, old), f"whole installation after {victims}", 15)
        print(f"{', '.join(victims)}: whole again after {took:.1f} s")
    witness.over.set()
    witness.join()
    assert witness.doubles == set()
    looked_without_a_gap_of(whole, 15)


def test_when_the_worker_that_looks_is_killed_looking_goes_on_within_fifteen_seconds(whole):
    time.sleep(2.2)
    worker = int(whole.rows(Lease).get().holder.split(":")[1])
    os.kill(worker, signal.SIGKILL)
    last = whole.rows(Sweep).order_by("pk").last()
    until(lambda: whole.rows(Sweep).filter(pk__gt=last.pk + 1).exists(), "new sweeps", 15)
    looked_without_a_gap_of(whole, 15)


@pytest.mark.parametrize("victims", [("up",), ("guard", "up")])
def test_when_up_itself_is_killed_nothing_goes_on_and_the_next_start_is_whole(whole, victims):
    pids = {pid_of(whole, name) if name in EVERYTHING else whole.up.pid for name in victims}
    before = set(whole.left())
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    if "guard" not in victims:
        until(lambda: not whole.left(), "end of everything", 3)
    whole.start()
    until(lambda: runs_whole(whole, before), "whole installation")
