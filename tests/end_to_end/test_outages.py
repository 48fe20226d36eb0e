"""From a host that falls silent to the notice in the inbox, and back, while everything is killed in the middle."""

import time
from datetime import UTC, datetime

import pytest

from agents.simulated.process import Running, running
from bench.namespaces import Network
from notifications.models import Attempt, Delivery, Notice
from outages.models import Check, Incident, Outage, Sweep
from tests.end_to_end.installation import Installation, until

pytestmark = pytest.mark.processes
INTERVAL, COUNT, WINDOW = 1, 3, 5
RULE = {"interval": INTERVAL, "count": COUNT, "window": WINDOW}
# Beside its interval a reading may wait for a busy machine, and a decision for a moment to be written down.
SLACK = 2
TOLD = ["administrator", "engineer"]


class Story:
    """What happens to the hosts of one installation, and what has to come of it."""

    def __init__(self, desk: Installation):
        self.desk = desk

    def all_answer(self, count: int) -> None:
        up = self.desk.rows(Check).filter(state="up")
        until(lambda: up.count() == count, f"{count} hosts that answer")

    def is_contradicted(self) -> bool:
        return any(self.desk.rows(Check).values_list("run", flat=True))

    def is_open(self) -> bool:
        return self.desk.rows(Outage).filter(ended_at=None).exists()

    def is_over(self) -> bool:
        return not self.is_open()

    def open_outages(self, count: int) -> None:
        rows = self.desk.rows(Outage).filter(ended_at=None)
        until(lambda: rows.count() == count, f"{count} open outages")

    def killed(self) -> float:
        """Everything dies at once and is started again; for how many seconds nobody looked."""
        self.desk.kill()
        assert self.desk.left() == []
        sweeps = self.desk.rows(Sweep).order_by("pk")
        last = sweeps.last()
        self.desk.start()
        until(lambda: sweeps.last() != last, "sweep after the restart")
        return (sweeps.filter(pk__gt=last.pk).first().at - last.at).total_seconds()

    def told(self, text: str) -> None:
        """Everybody of TOLD got this once, and none of it is still on its way."""
        done = self.desk.rows(Delivery).filter(notice__text=text, state="done")
        until(lambda: done.count() == len(TOLD), f"delivery of “{text}”")
        notices = self.desk.rows(Notice).filter(text=text).values_list("recipient_id", flat=True)
        assert len(notices) == len(set(notices)) == len(TOLD)
        finished = self.desk.rows(Attempt).filter(delivery__notice__text=text).exclude(ended_at=None)
        assert finished.count() == len(TOLD)

    def began_at_its_first_bad_reading(self, outage: Outage, taken: float, opened_within: float) -> None:
        first = outage.opened_by["asked_at"]
        assert outage.started_at == at(first)
        assert taken - 0.1 <= first <= taken + INTERVAL + SLACK
        assert outage.opened_at.timestamp() - first <= opened_within

    def ended_at_its_first_good_reading(self, outage: Outage, returned: float) -> None:
        first = outage.closed_by["asked_at"]
        assert outage.ended_at == at(first)
        assert returned - 0.1 <= first <= returned + INTERVAL + SLACK


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.fixture
def invented():
    with running(customers=1) as network:
        yield network


def one_router(desk: Installation, invented: Running) -> str:
    core = invented.network.devices[0]
    host = {"name": core.name, "kind": "router", "address": core.address, "probe": "tcp", "port": core.port}
    desk.write(people=TOLD, hosts=[host], loopback=True, **RULE)
    return core.name


def test_an_outage_opens_within_its_window_and_has_the_times_of_the_first_bad_and_the_first_good_reading(
    desk, invented
):
    story = Story(desk)
    desk.start()
    core = one_router(desk, invented)
    story.all_answer(1)
    taken = time.time()
    invented.send("fail", device=core)
    story.open_outages(1)
    story.told(f"{core} is down")
    story.began_at_its_first_bad_reading(desk.rows(Outage).get(), taken, WINDOW + SLACK)
    returned = time.time()
    invented.send("restore", device=core)
    story.open_outages(0)
    story.ended_at_its_first_good_reading(desk.rows(Outage).get(), returned)


@pytest.mark.parametrize("before_it_is_decided", [True, False])
def test_nothing_is_forgotten_and_nothing_told_twice_when_everything_is_killed(desk, invented, before_it_is_decided):
    story = Story(desk)
    desk.start()
    core = one_router(desk, invented)
    story.all_answer(1)
    taken = time.time()
    invented.send("fail", device=core)
    until(story.is_contradicted if before_it_is_decided else story.is_open, "moment to kill")
    blind = story.killed()
    story.open_outages(1)
    story.told(f"{core} is down")
    opened_within = WINDOW + SLACK + (blind if before_it_is_decided else 0)
    story.began_at_its_first_bad_reading(desk.rows(Outage).get(), taken, opened_within)

    returned = time.time()
    invented.send("restore", device=core)
    until(story.is_contradicted if before_it_is_decided else story.is_over, "moment to kill")
    story.killed()
    story.open_outages(0)
    outage = desk.rows(Outage).get()
    story.ended_at_its_first_good_reading(outage, returned)
    story.told(f"{core} is back after {outage.lasted}")
    assert desk.rows(Incident).get().closed_at == outage.ended_at
    assert desk.rows(Notice).count() == 2 * len(TOLD)


def tower_with_homes(desk: Installation) -> int:
    tower = {"name": "tower", "kind": "router", "address": "10.1.0.1"}
    sector = {"name": "sector", "kind": "ap", "address": "10.1.0.2", "uplink": "tower"}
    homes = [
        {"name": f"cpe {n}", "kind": "cpe", "address": f"10.1.0.{10 + n}", "uplink": "sector", "customer": f"Home {n}"}
        for n in range(4)
    ]
    neighbour = {"name": "neighbour", "kind": "router", "address": "10.2.0.1"}
    desk.write(people=TOLD, hosts=[tower, sector, *homes, neighbour], **RULE)
    return 2 + len(homes)


@pytest.mark.root
def test_a_tower_that_falls_silent_is_one_incident_also_when_everything_is_killed_meanwhile(install, net: Network):
    desk = install(net)
    story = Story(desk)
    desk.start()
    behind = tower_with_homes(desk)
    story.all_answer(behind + 1)
    taken = time.time()
    net.silence("10.1.0.0/24")
    until(story.is_contradicted, "first bad reading")
    blind = story.killed()
    story.open_outages(behind)
    story.told("tower is down: 4 customers")
    incident = desk.rows(Incident).get()
    assert (incident.equipment.name, incident.outages.count()) == ("tower", behind)
    outage = incident.outages.get(equipment=incident.equipment)
    assert incident.opened_at == outage.started_at
    story.began_at_its_first_bad_reading(outage, taken, WINDOW + SLACK + blind)

    returned = time.time()
    net.answer("10.1.0.0/24")
    story.open_outages(0)
    for outage in desk.rows(Outage):
        story.ended_at_its_first_good_reading(outage, returned)
    until(lambda: desk.rows(Incident).get().closed_at, "end of the incident")
    incident = desk.rows(Incident).get()
    story.told(f"tower is back after {incident.lasted}")
    assert desk.rows(Notice).count() == 2 * len(TOLD)


@pytest.mark.root
def test_a_real_host_that_falls_silent_for_a_moment_only_is_no_outage(install, net: Network):
    desk = install(net)
    story = Story(desk)
    desk.start()
    tower_with_homes(desk)
    story.all_answer(7)
    net.silence("10.2.0.1")
    until(story.is_contradicted, "first bad reading")
    net.answer("10.2.0.1")
    until(lambda: not story.is_contradicted(), "calm")
    assert not desk.rows(Outage).exists()
