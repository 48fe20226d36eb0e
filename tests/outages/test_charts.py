"""Charts: thinned, with what was down and what nobody saw."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.probes.readings import Reading
from outages import charts, history
from outages.charts import MOST, RANGES, chart, thin
from outages.history import Point
from outages.models import Outage
from tests import make

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(**span):
    return NOW - timedelta(**span)


def write(check, *moments, up=True, ms=4.0):
    for moment in moments:
        history.write([Reading(check.pk, up, moment.timestamp(), ms if up else None)])


def outage(check, start, end=None):
    return Outage.objects.create(
        check_of=check, equipment=check.equipment, started_at=start, opened_at=start, ended_at=end, opened_by={}
    )


def bands(found, kind):
    return [
        (datetime.fromtimestamp(band["from"], UTC), datetime.fromtimestamp(band["to"], UTC))
        for band in found["bands"]
        if band["kind"] == kind
    ]


@pytest.fixture
def check(db):
    return make.check(interval=60)


@pytest.mark.parametrize("span", RANGES.values(), ids=RANGES)
def test_a_check_without_readings_was_not_observed_all_the_time(check, span):
    found = chart(check, NOW, span)
    assert found["x"] == [] and found["series"][0]["values"] == []
    assert bands(found, "unobserved") == [(NOW - span, NOW)]
    assert bands(found, "down") == []


@pytest.mark.parametrize("span", RANGES.values(), ids=RANGES)
def test_no_chart_has_more_points_than_a_screen_shows(check, span):
    steps = [NOW - span * part / 3000 for part in range(1, 3000)]
    history.write([Reading(check.pk, True, moment.timestamp(), 1.0) for moment in steps])
    while history.fold():
        pass
    found = chart(check, NOW, span)
    assert 1 <= len(found["x"]) <= MOST + 1
    assert found["x"] == sorted(found["x"])
    assert len(found["x"]) == len(found["series"][0]["values"])
    assert found["x"][-1] <= NOW.timestamp()


def test_a_point_is_the_mean_of_what_answered_in_it_and_empty_where_nothing_did():
    points = [
        Point(0, True, 2.0),
        Point(1, False, None),
        Point(2, True, 4.0),
        Point(10, False, None),
        Point(11, None, None),
    ]
    assert thin(points, 5) == ([0, 10], [3.0, None])
    assert thin([], 5) == ([], [])


def test_a_round_trip_of_nothing_is_drawn():
    assert thin([Point(0, True, 0.0)], 5) == ([0], [0.0])


def test_where_nobody_looked_is_a_band_of_its_own_and_not_down(check):
    write(
        check,
        *(ago(minutes=minute) for minute in range(60, 40, -1)),
        *(ago(minutes=minute) for minute in range(20, 0, -1)),
    )
    found = chart(check, NOW, HOUR)
    assert bands(found, "unobserved") == [(ago(minutes=41), ago(minutes=20))]
    assert bands(found, "down") == []


def test_readings_that_know_nothing_are_no_observation(check):
    write(check, *(ago(minutes=minute) for minute in range(60, 30, -1)))
    write(check, *(ago(minutes=minute) for minute in range(30, 0, -1)), up=None)
    assert bands(chart(check, NOW, HOUR), "unobserved") == [(ago(minutes=31), NOW)]


def test_silence_is_an_observation(check):
    write(check, *(ago(minutes=minute) for minute in range(60, 0, -1)), up=False)
    assert bands(chart(check, NOW, HOUR), "unobserved") == []


def test_outages_are_cut_at_the_edges_of_the_chart(check):
    outage(check, ago(hours=5), ago(minutes=50))
    outage(check, ago(minutes=30), ago(minutes=20))
    outage(check, ago(minutes=10))
    outage(check, ago(hours=3), ago(hours=2))
    assert sorted(bands(chart(check, NOW, HOUR), "down")) == [
        (ago(hours=1), ago(minutes=50)),
        (ago(minutes=30), ago(minutes=20)),
        (ago(minutes=10), NOW),
    ]


def test_another_checks_outages_and_readings_are_not_shown(check):
    other = make.check()
    write(other, ago(minutes=5))
    outage(other, ago(minutes=5), ago(minutes=1))
    found = chart(check, NOW, HOUR)
    assert found["x"] == []
    assert bands(found, "down") == []


def test_a_year_is_drawn_from_hours_whose_single_readings_are_gone(check):
    write(check, ago(days=200), ago(days=200) + timedelta(minutes=1), ms=8.0)
    history.fold()
    history.prune(NOW)
    assert chart(check, NOW, RANGES["week"])["x"] == []
    assert chart(check, NOW, RANGES["year"])["series"][0]["values"] == [8.0]


def test_the_hour_that_goes_on_is_not_drawn_in_the_future(check):
    write(check, NOW + timedelta(minutes=1))
    history.fold()
    (point,) = charts.hours(check, NOW - HOUR, NOW + timedelta(minutes=2))
    assert point.at == (NOW + timedelta(minutes=2)).timestamp()


def test_an_hour_that_knows_nothing_is_not_called_down(check):
    write(check, ago(minutes=30), up=None)
    history.fold()
    (point,) = charts.hours(check, ago(hours=1), NOW)
    assert (point.up, point.ms) == (None, None)
