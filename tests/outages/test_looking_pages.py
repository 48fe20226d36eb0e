"""Looking at one piece of equipment: its panel, its readings for a chart, and ping and trace while one waits."""

import asyncio
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents import roster
from agents.probes import icmp
from agents.probes.readings import Reading
from outages import history
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
ROLES = ["administrator", "engineer", "office", "technician", "manager"]
STREAMS = ["equipment_ping", "equipment_trace"]
PAGES = ["equipment_looking", "check_readings", *STREAMS]


@pytest.fixture
def check():
    return make.check(make.equipment("router", address="127.0.0.1", kind="router"))


def address(name, check):
    return reverse(name, args=[check.pk if name == "check_readings" else check.equipment_id])


def read(check, seconds_ago, up=True, ms=4.2):
    at = timezone.now() - timedelta(seconds=seconds_ago)
    history.write([Reading(check.pk, up, at.timestamp(), ms if up else None)])


def panel(client, check):
    return client.get(address("equipment_looking", check)).text


def events(answer):
    """(event, data) of a stream that ends."""

    async def all_of_it():
        return b"".join([part async for part in answer.streaming_content]).decode()

    lines = [part.split("\n") for part in asyncio.run(all_of_it()).strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in lines]


# Who may what


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_is_sent_to_sign_in(stranger, check, name):
    answer = stranger.get(address(name, check))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("who", ROLES)
def test_everybody_of_the_staff_sees_what_came_back(request, check, who):
    client = request.getfixturevalue(who)
    assert client.get(address("equipment_looking", check)).status_code == 200
    assert client.get(address("check_readings", check)).status_code == 200


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(
    ("who", "status"),
    [("administrator", 200), ("engineer", 200), ("technician", 200), ("office", 403), ("manager", 403)],
)
def test_a_technician_may_ask_now_and_the_office_may_not(request, check, name, who, status):
    client = request.getfixturevalue(who)
    assert client.get(address(name, check)).status_code == status
    offered = address(name, check) in client.get(check.equipment.get_absolute_url()).text
    assert offered == (status == 200)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("pk", [9_999_999, 10**30])
def test_what_is_not_there_is_not_found(engineer, name, pk):
    assert engineer.get(reverse(name, args=[pk])).status_code == 404


@pytest.mark.parametrize("name", STREAMS)
def test_equipment_without_an_address_cannot_be_asked(engineer, name):
    equipment = make.equipment()
    assert engineer.get(reverse(name, args=[equipment.pk])).status_code == 404
    assert reverse(name, args=[equipment.pk]) not in engineer.get(equipment.get_absolute_url()).text


# The panel


def test_the_last_reading_is_shown_and_one_that_is_old_is_not(engineer, check):
    assert "none lately" in panel(engineer, check)
    read(check, 300)
    assert "none lately" in panel(engineer, check)
    read(check, 20)
    assert "4.20 ms" in panel(engineer, check)
    read(check, 5, up=False)
    assert "no answer" in panel(engineer, check)
    read(check, 2, up=None)
    assert "not known" in panel(engineer, check)


def test_the_last_reading_is_found_after_it_was_folded(engineer, check):
    read(check, 20)
    history.fold()
    assert "4.20 ms" in panel(engineer, check)


def test_a_check_that_is_being_decided_says_so(engineer, check):
    check.state, check.run = "up", [timezone.now().timestamp()]
    check.save()
    assert "being decided" in panel(engineer, check)


def test_equipment_that_nobody_looks_at_says_so(engineer):
    equipment = make.equipment()
    assert "Nobody looks at it" in engineer.get(equipment.get_absolute_url()).text


def test_the_pages_of_equipment_cost_no_more_for_its_history(engineer, check):
    page = check.equipment.get_absolute_url()
    engineer.get(page)
    with CaptureQueriesContext(connection) as few:
        engineer.get(page)
    for second in range(0, 120, 2):
        read(check, second)
    Incident.objects.create(equipment=check.equipment, opened_at=timezone.now())
    with CaptureQueriesContext(connection) as many:
        engineer.get(page)
    assert abs(len(many) - len(few)) <= 1  # the options are asked for every two seconds


# The chart


@pytest.mark.parametrize("span", ["hour", "day", "week", "month", "year", "", "decade", "\0", "1' OR 1=1", "9" * 500])
def test_a_chart_of_any_range_is_answered(engineer, check, span):
    read(check, 30)
    found = engineer.get(address("check_readings", check), {"range": span}).json()
    assert set(found) == {"x", "series", "bands"}
    assert len(found["x"]) == len(found["series"][0]["values"])


def test_a_chart_shows_what_was_read(engineer, check):
    read(check, 30)
    found = engineer.get(address("check_readings", check)).json()
    assert found["series"][0]["values"] == [4.2]
    assert {band["kind"] for band in found["bands"]} == {"unobserved"}


@pytest.mark.parametrize("ms", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_chart_of_absurd_readings_is_still_json(engineer, check, ms):
    read(check, 30, ms=ms)
    text = engineer.get(address("check_readings", check)).text
    assert "NaN" not in text and "Infinity" not in text


# Ping and trace


@pytest.mark.skipif(icmp.how() is None, reason="this process may not ping")
def test_each_answer_of_a_ping_comes_as_an_event(technician, check):
    roster.simulate(True)
    found = events(technician.get(address("equipment_ping", check)))
    assert [name for name, _ in found] == ["answer"] * 5 + ["done"]
    assert [answer["number"] for _, answer in found[:-1]] == [1, 2, 3, 4, 5]
    assert all(0 <= answer["ms"] < 1000 for _, answer in found[:-1])


@pytest.mark.skipif(icmp.how() != "raw", reason="this process may not trace")
def test_a_trace_ends_at_the_address(technician, check):
    roster.simulate(True)
    found = events(technician.get(address("equipment_trace", check)))
    assert [name for name, _ in found] == ["answer", "done"]
    assert (found[0][1]["address"], found[0][1]["reached"]) == ("127.0.0.1", True)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("own", ["127.0.0.1", "::1", "169.254.7.7"])
def test_this_machine_is_asked_in_the_demo_alone_and_the_refusal_is_said(engineer, name, own):
    equipment = make.equipment(address=own)
    roster.simulate(False)
    (kind, fault), end = events(engineer.get(reverse(name, args=[equipment.pk])))
    assert kind == "fault" and own in fault["text"]
    assert end == ("done", {})


def test_a_stream_is_kept_by_nobody_on_the_way(engineer, check):
    answer = engineer.get(address("equipment_ping", check))
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-cache"
