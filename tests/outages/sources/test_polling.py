"""Polls of a source: what is kept of them, what is told, and that a faulty source freezes what it speaks for."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import roster, ways
from agents.probes.readings import Reading, UpstreamError
from agents.work import Outcome
from config import defaults, health
from config.finding import State
from config.shell import alarms
from notifications.models import Notice
from outages import looking, recording
from outages.models import Check, Incident, Outage, Source, Sweep
from outages.sources import polling
from tests import make
from tests.upstream import CRM_KEY, NMS_KEY, Upstream

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
SILENT = UpstreamError("time-out", "http://uisp does not answer within 27 s")
MALFORMED = UpstreamError("not JSON", "http://uisp answers a web page")


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.LOOPBACK = True


@pytest.fixture
def source():
    make.user("engineer")
    defaults.give()
    return make.source()


def poll(source, second, fault=None, seconds=0.5, size=3):
    """A poll that was asked that many seconds after START."""
    at = START + timedelta(seconds=second)
    with time_machine.travel(at + timedelta(seconds=seconds), tick=False):
        polling.note(Outcome(f"source {source.pk}", at.timestamp(), seconds, size, fault))
    source.refresh_from_db()


def told():
    return [(notice.event, notice.text) for notice in Notice.objects.order_by("pk")]


def lines(caplog, level=logging.WARNING):
    return [row.getMessage() for row in caplog.records if row.name == polling.log.name and row.levelno >= level]


def at(second):
    return START + timedelta(seconds=second)


# What is kept


def test_an_answer_is_kept_and_told_to_nobody(source, caplog):
    poll(source, 0)
    assert (source.state, source.state_since, source.answered_at) == ("works", START, START)
    poll(source, 30)
    assert (source.state_since, source.answered_at, source.asked_at) == (START, at(30), at(30))
    assert told() == []
    assert lines(caplog) == []


def test_a_fault_shows_at_once_and_is_told_at_the_second_failed_poll_and_never_again(source, caplog):
    poll(source, 0)
    poll(source, 30, SILENT)
    assert (source.state, source.state_since, source.fault_kind) == ("faulty", at(30), "time-out")
    assert told() == []
    for second in range(60, 600, 30):
        poll(source, second, SILENT)
    words = "UISP Main has not answered since 14:00: no answer in time"
    assert told() == [("upstream.silent", words)]
    assert lines(caplog) == [f"{words} (http://uisp does not answer within 27 s)"]


def test_its_end_is_told_once_with_how_long_it_was_away(source, caplog):
    poll(source, 0)
    for second in (30, 60, 90):
        poll(source, second, SILENT)
    for second in (120, 150, 180):
        poll(source, second)
    assert [event for event, _ in told()] == ["upstream.silent", "upstream.answers"]
    assert told()[1][1] == "UISP Main answers again after 1 min"
    assert len(lines(caplog)) == 2
    assert (source.state, source.state_since, source.fault, source.fault_kind) == ("works", at(120), "", "")


def test_one_failed_poll_alone_wakes_nobody(source, caplog):
    for second in range(0, 600, 60):
        poll(source, second)
        poll(source, second + 30, SILENT)
    assert source.state == "faulty"
    assert told() == []
    assert lines(caplog) == []


def test_each_fault_is_told_again(source):
    for second in range(0, 400, 100):
        poll(source, second)
        poll(source, second + 30, SILENT)
        poll(source, second + 60, SILENT)
    poll(source, 500)
    assert [event for event, _ in told()] == ["upstream.silent", "upstream.answers"] * 4


def test_another_kind_of_fault_during_a_fault_is_no_news_but_shows(source, caplog):
    for second, fault in ((0, SILENT), (30, SILENT), (60, MALFORMED), (90, UpstreamError("unauthorised", "no"))):
        poll(source, second, fault)
    assert [event for event, _ in told()] == ["upstream.silent"]
    assert len(lines(caplog)) == 1
    assert (source.fault_kind, source.fault, source.faulty_from) == ("unauthorised", "no", START)


@pytest.mark.parametrize("kind", ["not JSON", "wrong shape", "too large"])
def test_what_cannot_be_read_is_an_event_of_its_own(source, kind):
    for second in (0, 30):
        poll(source, second, UpstreamError(kind, "x"))
    ((event, words),) = told()
    assert event == "upstream.malformed"
    assert words.startswith("UISP Main has sent nothing that can be read since 14:00: ")


@pytest.mark.parametrize(
    "kind",
    ["refused", "time-out", "unauthorised", "forbidden", "missing", "throttled", "server", "tls", "ours", "slow"],
)
def test_what_gives_no_answer_is_silent(source, kind):
    for second in (0, 30):
        poll(source, second, UpstreamError(kind, "x"))
    assert [event for event, _ in told()] == ["upstream.silent"]


def test_who_wants_to_be_left_alone_beyond_the_next_poll_is_told_of_at_once(source):
    poll(source, 0, UpstreamError("throttled", "later", 120.0))
    assert source.not_before == at(120.5)
    assert len(told()) == 1
    poll(source, 150)
    assert source.not_before is None


def test_where_the_next_poll_is_far_off_the_first_that_fails_is_told(source):
    source.interval = 600
    source.save()
    poll(source, 0, SILENT)
    assert len(told()) == 1


def test_a_poll_that_outlasts_its_interval_is_told_at_once(source):
    poll(source, 0, SILENT, seconds=31.0)
    assert len(told()) == 1


def test_a_fault_of_the_very_first_poll_is_a_fault(source):
    for second in (0, 30):
        poll(source, second, SILENT)
    poll(source, 60)
    assert [event for event, _ in told()] == ["upstream.silent", "upstream.answers"]
    assert source.answered_at == at(60)


def test_a_source_that_was_switched_off_or_removed_meanwhile_is_left_alone(source):
    Source.objects.quietly().update(on=False)
    poll(source, 0, SILENT)
    assert source.state == "new"
    number = source.pk
    source.delete()
    polling.note(Outcome(f"source {number}", 1.0, 1.0, 1))


def test_words_that_no_database_holds_are_cleaned_and_cut(source):
    poll(source, 0, UpstreamError("server", "bad\x00 \ud800" + "x" * 1000))
    assert source.fault.startswith("bad ?x")
    assert len(source.fault) == 300


def test_a_source_whose_name_says_what_it_is_is_called_by_it(source):
    assert make.source("Uisp north").called == "Uisp north"
    assert source.called == "UISP Main"


# The summary


def test_every_ten_minutes_one_line_says_what_all_polls_did(source, caplog):
    caplog.set_level(logging.INFO)
    for number in range(41):
        poll(source, number * 30, SILENT if number in (3, 4) else None, seconds=2.0 if number == 7 else 0.5)
    summaries = [line for line in lines(caplog, logging.INFO) if "calls" in line]
    assert summaries == [
        "UISP Main, the last 10 min: 21 calls, 2 failed (2 time-out), mean 0.57 s, slowest 2.00 s",
    ]
    assert source.polls["calls"] == 20


def test_a_poll_costs_few_queries_whether_somebody_listens_or_not(source):
    poll(source, 0)
    with CaptureQueriesContext(connection) as caught:
        poll(source, 30)
    # With four savepoints' begins and ends, and the refresh of the test.
    assert len(caught) <= 12


# Asking soon


def test_a_wish_is_one_wish_however_often_it_is_made(source):
    before = roster.work_changes()
    for _ in range(20):
        polling.ask_soon(source)
    source.refresh_from_db()
    assert source.ask_at is not None
    assert roster.work_changes() == before + 1


def test_a_wish_that_was_answered_is_over_and_the_next_keeps_its_distance(source):
    polling.ask_soon(source)
    source.refresh_from_db()
    now = time.time()
    polling.note(Outcome(f"source {source.pk}", now, 0.1, 1))
    source.refresh_from_db()
    assert source.ask_at is None
    polling.ask_soon(source)
    source.refresh_from_db()
    assert source.ask_at.timestamp() >= now + 1.9


def test_a_wish_reaches_whoever_looks_and_is_forgotten_when_the_clock_is_set_back(source):
    make.followed(source, make.equipment(), "a")
    polling.ask_soon(source)
    assert looking.work(0)[0].asked_for == pytest.approx(time.time(), abs=5)
    later = timezone.now() + timedelta(days=300)
    Source.objects.quietly().update(ask_at=later, not_before=later)
    assert looking.work(0)[0].not_before == later.timestamp()
    Source.objects.quietly().update(asked_at=later)
    assert (looking.work(0)[0].asked_for, looking.work(0)[0].not_before) == (0.0, 0.0)


def test_a_source_that_is_off_cannot_be_asked_soon(source):
    Source.objects.quietly().update(on=False)
    polling.ask_soon(source)
    source.refresh_from_db()
    assert source.ask_at is None


# What is looked at


def test_of_each_piece_of_equipment_the_source_is_asked_by_the_name_that_says_most(source):
    cpe = make.equipment("cpe", customer=make.customer())
    make.source_link(source, cpe, "77", "service")
    make.source_link(source, cpe.customer, "12", "client")
    check = make.followed(source, cpe, "abc", "device")
    home = make.followed(source, make.equipment("home"), "5", "connection")
    jobs = {job.target.key: job for job in looking.work(0)}
    assert set(jobs) == {check.pk, home.pk}
    options = {key: (job.target.options["kind"], job.target.options["id"]) for key, job in jobs.items()}
    assert options == {check.pk: ("device", "abc"), home.pk: ("connection", "5")}
    assert [jobs[key].target.options["client"] for key in (check.pk, home.pk)] == ["12", ""]
    job = jobs[check.pk]
    assert (job.batch, job.interval, job.target.address) == (f"source {source.pk}", 30.0, "")
    assert job.target.options["upstream"].interval == 30.0


@pytest.mark.parametrize(("interval", "seconds"), [(1, 2), (5, 10), (10, 10), (30, 27), (60, 54), (3600, 60)])
def test_a_poll_is_given_up_before_the_next_is_due_unless_that_is_very_soon(source, interval, seconds):
    Source.objects.quietly().update(interval=interval)
    make.followed(source, make.equipment(), "a")
    assert looking.work(0)[0].target.options["upstream"].seconds == seconds


@pytest.mark.parametrize(
    "change",
    [
        lambda source, check: Source.objects.quietly().update(on=False),
        lambda source, check: Source.objects.quietly().update(accepted_at=None),
        lambda source, check: source.delete(),
        lambda source, check: source.links.update(gone_at=timezone.now()),
        lambda source, check: Check.objects.update(on=False),
        lambda source, check: type(check.equipment).objects.quietly().update(archived_at=timezone.now()),
    ],
)
def test_what_is_off_not_accepted_gone_or_put_away_is_not_asked(source, change):
    check = make.followed(source, make.equipment(), "a")
    assert len(looking.work(0)) == 1
    change(source, check)
    assert looking.work(0) == []


def test_a_source_belongs_to_one_shard_with_all_that_it_speaks_of(source, settings):
    settings.SHARDS = 3
    for number in range(7):
        make.followed(source, make.equipment(), f"d{number}")
    assert sorted(len(looking.work(shard)) for shard in range(3)) == [0, 0, 7]


def test_a_source_is_not_asked_out_of_turn_for_a_parent(source):
    tower = make.followed(source, make.equipment("tower", kind="ap"), "t", state="up", settled=True)
    child = make.check(make.equipment(address="10.0.0.9", uplink=tower.equipment))
    assert looking.parents([child.equipment_id]) == []


def test_the_work_costs_a_fixed_number_of_queries(source):
    def count():
        with CaptureQueriesContext(connection) as caught:
            looking.work(0)
        return len(caught)

    make.followed(source, make.equipment(), "first")
    count()
    before = count()
    for number in range(50):
        make.followed(source, make.equipment(), f"d{number}")
    assert count() == before <= 6


# The chain: from an answer to outages, and frozen by faults


class Desk:
    """Polls a real server as looking does, at seconds that the test names."""

    def __init__(self, source, server):
        self.source, self.server, self.clock = source, server, START

    def poll(self, second):
        """One poll; what it found becomes readings, or a fault."""
        moment = at(second)
        jobs = looking.work(0)
        fault, readings = None, []
        try:
            readings = ways.probe("uisp").probe([job.target for job in jobs])
        except UpstreamError as raised:
            fault = raised
        with time_machine.travel(moment, tick=False):
            if not fault:
                recording.record(
                    [
                        Reading(one.key, one.up, moment.timestamp(), values=one.values, message=one.message)
                        for one in readings
                    ]
                )
            polling.note(Outcome(f"source {self.source.pk}", moment.timestamp(), 0.1, len(jobs), fault))


@pytest.fixture
def server():
    server = Upstream()
    yield server
    server.end()


@pytest.fixture
def desk(source, server):
    Source.objects.quietly().update(address=server.url, nms_key=NMS_KEY, crm_key=CRM_KEY)
    source.refresh_from_db()
    return Desk(source, server)


@pytest.fixture
def radio(desk):
    """A sector that is up."""
    desk.server.device("ap-1")
    check = make.followed(desk.source, make.equipment("sector", kind="ap"), "ap-1")
    desk.poll(0)
    assert Check.objects.get().state == "up"
    return check


def test_as_many_polls_as_the_rule_says_open_and_close_an_outage_with_the_objects_that_came(desk, radio):
    desk.server.say("ap-1", "disconnected")
    for second in (30, 60):
        desk.poll(second)
        assert not Outage.objects.exists()
    desk.poll(90)
    outage = Outage.objects.get()
    assert outage.started_at == at(30)
    assert outage.opened_by["values"]["device"]["identification"]["status"] == "disconnected"
    assert outage.opened_by["message"] == "UISP says disconnected"
    desk.server.say("ap-1", "active")
    for second in (120, 150, 180):
        desk.poll(second)
    outage.refresh_from_db()
    assert outage.ended_at == at(120)
    assert outage.closed_by["values"]["device"]["identification"]["status"] == "active"
    assert Incident.objects.get().closed_at == at(120)


def test_what_no_database_holds_is_cleaned_out_of_what_came(desk, radio):
    row = desk.server.devices[0]
    row["overview"] |= {"note\x00": "a\x00b\ud800", "signal": float("nan"), "far": float("inf"), "deep": {}}
    inner = row["overview"]["deep"]
    for _ in range(60):
        inner["x"] = {}
        inner = inner["x"]
    row["interfaces"] = ["x" * 1000] * 200
    desk.server.say("ap-1", "disconnected")
    for second in (30, 60, 90):
        desk.poll(second)
    values = Outage.objects.get().opened_by["values"]
    assert values["left out"] == ["device.interfaces"]
    overview = values["device"]["overview"]
    assert (overview["note"], overview["signal"], overview["far"]) == ("ab?", None, None)
    assert values["device"]["identification"]["id"] == "ap-1"


@pytest.mark.parametrize("fault", ["401", "403", "404", "429", "500", "502", "html", "shape", "strangers", "empty"])
def test_a_fault_freezes_the_state_and_records_nothing(desk, radio, fault):
    sweeps = Sweep.objects.count()
    desk.server.fault = fault
    desk.server.say("ap-1", "disconnected")
    for second in range(30, 330, 30):
        desk.poll(second)
    assert Check.objects.get().state == "up"
    assert Check.objects.get().run == []
    assert not Outage.objects.exists()
    assert Sweep.objects.count() == sweeps
    desk.server.fault = ""
    desk.server.say("ap-1", "active")
    desk.poll(330)
    assert [event.split(".")[0] for event, _ in told()] == ["upstream", "upstream"]


@pytest.mark.parametrize("seconds", [60, 600, 7200])
def test_bad_polls_before_a_fault_and_one_after_it_open_nothing_at_once(desk, radio, seconds):
    desk.server.say("ap-1", "disconnected")
    desk.poll(30)
    desk.poll(60)
    desk.server.fault = "500"
    for second in range(90, 90 + seconds, 30):
        desk.poll(second)
    desk.server.fault = ""
    desk.poll(90 + seconds)
    assert not Outage.objects.exists()
    desk.poll(120 + seconds)
    assert not Outage.objects.exists()
    desk.poll(150 + seconds)
    assert Outage.objects.count() == 1


def test_an_outage_that_goes_on_is_neither_closed_nor_opened_again_by_a_fault(desk, radio):
    desk.server.say("ap-1", "disconnected")
    for second in (30, 60, 90):
        desk.poll(second)
    desk.server.fault = "502"
    for second in range(120, 1200, 30):
        desk.poll(second)
    desk.server.fault = ""
    for second in range(1200, 1400, 30):
        desk.poll(second)
    assert Outage.objects.open().count() == Outage.objects.count() == 1


@pytest.mark.parametrize("off", [True, False])
def test_a_source_that_is_switched_off_freezes_and_one_that_is_removed_ends_what_it_said(desk, radio, off):
    desk.server.say("ap-1", "disconnected")
    for second in (30, 60, 90):
        desk.poll(second)
    if off:
        Source.objects.quietly().update(on=False)
    else:
        Source.objects.get().delete()
    recording.stop_looking(at(120))
    assert Outage.objects.open().exists() is off
    assert Check.objects.get().state == ("down" if off else "new")


def test_what_was_down_when_it_was_first_seen_opens_nothing_and_tells_nobody(desk, source):
    desk.server.device("ap-2", "disconnected")
    check = make.followed(source, make.equipment("old sector", kind="ap"), "ap-2")
    for second in range(0, 600, 30):
        desk.poll(second)
    check.refresh_from_db()
    check.equipment.refresh_from_db()
    assert (check.state, check.dark_since, check.dark_message) == ("new", START, "UISP says disconnected")
    assert check.equipment.state == "unknown"
    assert not Outage.objects.exists()
    assert told() == []
    desk.server.say("ap-2", "active")
    desk.poll(600)
    check.refresh_from_db()
    assert (check.state, check.dark_since, check.dark_message) == ("up", None, "")
    assert told() == []


def test_900_homes_behind_a_tower_that_is_down_are_one_incident(desk, source):
    tower = make.followed(source, make.equipment("tower", kind="ptp"), "tower").equipment
    desk.server.device("tower")
    customer = make.customer()
    for number in range(900):
        desk.server.device(f"cpe-{number}")
        make.followed(source, make.equipment(uplink=tower, customer=customer), f"cpe-{number}")
    desk.poll(0)
    for row in desk.server.devices:
        row["identification"]["status"] = "disconnected"
    for second in (30, 60, 90):
        desk.poll(second)
    incident = Incident.objects.get()
    assert incident.equipment == tower
    assert incident.outages.count() == 901
    assert [event for event, _ in told()] == ["incident.opened"]


# Who is told on pages


def test_across_the_top_stands_which_source_is_silent_since_when_and_why(source):
    roster.Report().write(timezone.now())
    poll(source, 0)
    assert alarms() == []
    for second in (60, 90):
        poll(source, second, UpstreamError("unauthorised", "no"))
    with time_machine.travel(at(95), tick=False):
        roster.Report().write(timezone.now())
        assert alarms() == ["UISP Main has not answered since 14:01: the key is not accepted."]
    poll(source, 120)
    with time_machine.travel(at(125), tick=False):
        roster.Report().write(timezone.now())
        assert alarms() == []


def test_health_says_what_mends_a_source(source):
    def finding(second):
        with time_machine.travel(at(second), tick=False):
            return health.EXAMINED["Sources (UISP)"](at(second))

    make.followed(source, make.equipment(), "a")
    Source.objects.quietly().update(accepted_at=START)
    poll(source, 0)
    assert finding(10).state is State.WORKS
    assert finding(1000).state is State.LOOK
    for second in (30, 60):
        poll(source, second, UpstreamError("unauthorised", "http://uisp answers 401"))
    found = finding(70)
    assert found.state is State.BROKEN
    assert found.says == "UISP Main has not answered since 14:00: the key is not accepted."
    assert "new key" in found.fix
    assert ("Its fault", "http://uisp answers 401") in found.details
    Source.objects.quietly().update(on=False)
    assert finding(70).state is State.LOOK
    source.delete()
    assert finding(70).state is State.WORKS
