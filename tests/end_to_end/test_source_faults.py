"""Sources that fail in every way at once, beside the real processes: told once, over once, and nothing false."""

import time
from collections.abc import Iterator

import pytest

from notifications.models import Notice
from outages.models import Check, Outage, Source
from tests.end_to_end.installation import Installation, until
from tests.upstream import CRM_KEY, NMS_KEY, Upstream

pytestmark = pytest.mark.processes
INTERVAL, COUNT = 2, 2
FAULTS = ["refused", "silent", "slow", "401", "403", "404", "429", "500", "502", "html", "shape", "strangers", "empty"]
MALFORMED = {"html", "shape", "strangers", "empty"}


class Story:
    """One installation, and a source for each fault with one device."""

    def __init__(self, desk: Installation, names: list[str]):
        self.desk = desk
        self.upstreams = {name: Upstream() for name in names}
        for name, upstream in self.upstreams.items():
            upstream.device(f"radio {name}")

    def begin(self) -> None:
        self.desk.environment["LOOPBACK"] = "1"
        self.desk.start()
        rule = {"interval": INTERVAL, "count": COUNT, "nms_key": NMS_KEY, "crm_key": CRM_KEY}
        sources = [
            {"name": name, "address": upstream.url, "devices": [f"radio {name}"], **rule}
            for name, upstream in self.upstreams.items()
        ]
        self.desk.write(people=["engineer"], sources=sources)
        up = self.desk.rows(Check).filter(state="up")
        until(lambda: up.count() == len(self.upstreams), "devices that are up")

    def fail(self) -> None:
        """Each fails by its own fault, and behind it all devices go down, unseen."""
        for name, upstream in self.upstreams.items():
            upstream.say(f"radio {name}", "disconnected")
            if name == "refused":
                upstream.close()
            elif name == "slow":
                upstream.seconds = INTERVAL * 1.5
            else:
                upstream.fault = name

    def heal(self) -> None:
        for name, upstream in self.upstreams.items():
            upstream.say(f"radio {name}", "active")
            upstream.fault, upstream.seconds = "", 0.0
            if name == "refused":
                upstream.open(upstream.port)
            if name == "silent":
                upstream.over.set()

    def count(self, state: str) -> int:
        return int(self.desk.rows(Source).filter(state=state).count())

    def events(self, event: str) -> list[str]:
        return sorted(self.desk.rows(Notice).filter(event=event).values_list("text", flat=True))

    def lines(self, words: str) -> list[str]:
        return [line for line in self.desk.said().splitlines() if "outages.sources.polling" in line and words in line]

    def end(self) -> None:
        for upstream in self.upstreams.values():
            upstream.end()


@pytest.fixture
def story(desk: Installation, request: pytest.FixtureRequest) -> Iterator[Story]:
    story = Story(desk, getattr(request, "param", FAULTS))
    yield story
    story.end()


def test_every_fault_freezes_is_told_once_and_its_end_once_and_no_outage_is_false(story):
    story.begin()
    started = time.time()
    story.fail()
    until(lambda: story.count("faulty") == len(FAULTS), "faulty sources", INTERVAL * 4)
    time.sleep(max(0.0, started + INTERVAL * 4 - time.time()))
    silent, malformed = story.events("upstream.silent"), story.events("upstream.malformed")
    assert [text.split()[1] for text in malformed] == sorted(MALFORMED)
    assert [text.split()[1] for text in silent] == sorted(set(FAULTS) - MALFORMED)
    assert len(story.lines("has ")) == len(FAULTS)
    polls = {name: upstream.polls() for name, upstream in story.upstreams.items()}
    # 429 says when it wants to be asked again.
    assert polls["429"] < polls["500"]
    story.heal()
    until(lambda: story.count("works") == len(FAULTS), "sources that work", INTERVAL * 5)
    time.sleep(INTERVAL * 2)
    assert [text.split()[1] for text in story.events("upstream.answers")] == sorted(FAULTS)
    assert len(story.lines("answers again")) == len(FAULTS)
    assert len(story.lines("has ")) == len(FAULTS)
    assert story.desk.rows(Check).filter(state="up").count() == len(FAULTS)
    assert story.desk.rows(Outage).count() == 0
    # Of the silent one the server does not see that nobody waits any more.
    assert {one.most_at_once for name, one in story.upstreams.items() if name != "silent"} == {1}


@pytest.mark.parametrize("story", [["north"]], indirect=True)
def test_a_device_that_goes_down_is_out_after_as_many_polls_as_the_rule_says(story):
    story.begin()
    went = time.time()
    story.upstreams["north"].say("radio north", "disconnected")
    until(lambda: story.desk.rows(Outage).exists(), "outage", INTERVAL * (COUNT + 2))
    outage = story.desk.rows(Outage).get()
    assert outage.opened_by["values"]["device"]["identification"]["status"] == "disconnected"
    assert (outage.opened_at - outage.started_at).total_seconds() == pytest.approx(INTERVAL * (COUNT - 1), abs=1)
    assert outage.started_at.timestamp() >= went - 0.5
    story.upstreams["north"].say("radio north", "active")
    until(lambda: not story.desk.rows(Outage).filter(ended_at=None).exists(), "end", INTERVAL * (COUNT + 2))
    assert story.desk.rows(Outage).get().closed_by["values"]["device"]["identification"]["status"] == "active"


@pytest.mark.parametrize("story", [["500"]], indirect=True)
def test_everything_that_is_killed_in_the_middle_of_a_fault_tells_nothing_twice(story):
    story.begin()
    story.fail()
    until(lambda: story.events("upstream.silent"), "event", INTERVAL * 4)
    story.desk.kill()
    story.desk.start()
    source = story.desk.rows(Source)
    asked = source.get().failed_polls
    until(lambda: source.get().failed_polls >= asked + 2, "polls after the restart")
    story.heal()
    until(lambda: story.count("works"), "source that works", INTERVAL * 5)
    until(lambda: story.events("upstream.answers"), "event")
    time.sleep(INTERVAL)
    assert len(story.events("upstream.silent")) == len(story.events("upstream.answers")) == 1
    assert len(story.lines("has not answered")) == len(story.lines("answers again")) == 1
    assert story.desk.rows(Outage).count() == 0
