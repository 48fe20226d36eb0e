"""The pure conditions: thresholds told once for each crossing, multiples, ages, and days ahead."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.conditions import aged, ahead, crossed, passed_multiple, past, stands

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class Thing:
    """Something with a number, before or after a change."""

    def __init__(self, meter=None, at=None, **fields):
        vars(self).update({"meter": meter, "meter_at": at, "archived_at": None} | fields)


def told(when, before, after, **asked):
    return when(None if before is None else Thing(before, 1), None if after is None else Thing(after, 2), asked)


OVER = crossed("meter", "limit")
UNDER = crossed("meter", "limit", falling=True)
MULTIPLE = passed_multiple("meter", "every")


@pytest.mark.parametrize(
    ("before", "after", "tells"),
    [
        (99, 100, True),
        (99, 250, True),
        (100, 101, False),
        (100, 100, False),
        (101, 99, False),
        (98, 99, False),
        (Decimal("99.99"), Decimal("100.00"), True),
        (99.5, 100.5, True),
        (None, 100, True),
        (100, None, False),
        (99, None, False),
        (float("nan"), 100, True),
        (99, float("inf"), False),
        (0, 10**400, True),
    ],
)
def test_a_number_that_comes_to_the_limit_is_told_when_it_does(before, after, tells):
    assert bool(told(OVER, before, after, limit=100)) is tells


@pytest.mark.parametrize(
    ("before", "after", "tells"), [(1, 0, True), (1, -5, True), (0, -1, False), (0, 1, False), (None, 0, True)]
)
def test_a_number_that_falls_to_the_limit_is_told_when_it_does(before, after, tells):
    assert bool(told(UNDER, before, after, limit=0)) is tells


def test_what_is_over_when_it_is_made_is_told_and_what_is_deleted_is_not():
    assert OVER(None, Thing(100), {"limit": 100})
    assert not OVER(Thing(100), None, {"limit": 100})
    assert not OVER(None, Thing(100), {"limit": None})


def test_each_crossing_is_an_occurrence_of_its_own():
    first, again = (OVER(Thing(1), Thing(100, at), {"limit": 50}).marks for at in (NOON, NOON + DAY))
    assert first != again
    save = Thing(100, observed_at=NOON)
    assert OVER(Thing(1), save, {"limit": 50}).marks == (100, NOON)


def test_what_is_past_already_has_the_marks_that_it_was_told_by():
    thing = Thing(120, NOON)
    assert list(past("meter", "limit")(thing, {"limit": 100})) == [OVER(Thing(1), thing, {"limit": 100})]
    assert list(past("meter", "limit")(Thing(99), {"limit": 100})) == []


def test_a_filter_is_asked_before_anything_is_told():
    assert not told(crossed("meter", "limit", where=lambda thing, asked: False), 1, 100, limit=50)
    assert not told(passed_multiple("meter", "every", where=lambda thing, asked: False), 1, 100, every=50)


@pytest.mark.parametrize(
    ("before", "after", "every", "tells"),
    [
        (499, 500, 500, True),
        (500, 999, 500, False),
        (499, 2600, 500, True),
        (500, 500, 500, False),
        (600, 400, 500, False),
        (5200, 0, 500, False),
        (0, 499, 500, False),
        (3, 500, 500, True),
        (None, 1200, 500, False),
        (1200, None, 500, False),
        (499, 501, None, False),
        (499, 501, 0, False),
        (499, 501, -5, False),
        (Decimal("499.9"), Decimal("500.0"), 500, True),
        (Decimal("0.2"), Decimal("0.3"), 0.3, True),
        (0.2, 0.7, Decimal("0.25"), True),
    ],
)
def test_a_multiple_that_is_passed_is_told(before, after, every, tells):
    assert bool(told(MULTIPLE, before, after, every=every)) is tells


def test_a_first_number_and_a_new_object_have_risen_from_nowhere():
    assert not MULTIPLE(None, Thing(5000), {"every": 500})
    assert not MULTIPLE(Thing(499), None, {"every": 500})


@pytest.mark.processes
@given(st.lists(st.one_of(st.none(), st.decimals(0, 5000, places=2)), max_size=30), st.integers(1, 900))
def test_a_meter_tells_as_often_as_it_steps_into_a_higher_multiple(readings, every):
    steps = list(pairwise(readings))
    found = [MULTIPLE(Thing(a), Thing(b, at), {"every": every}) for at, (a, b) in enumerate(steps, 1)]
    expected = [a is not None and b is not None and b // every > a // every for a, b in steps]
    assert [due is not None for due in found] == expected
    marks = [due.marks for due in found if due]
    assert len(set(marks)) == len(marks)


@pytest.mark.processes
@given(st.lists(st.one_of(st.none(), st.integers(-50, 50)), max_size=30), st.integers(-40, 40), st.booleans())
def test_a_threshold_tells_once_each_time_it_is_crossed(values, limit, falling):
    when, beyond = crossed("meter", "limit", falling), False
    before = None
    for at, value in enumerate(values, 1):
        thing = Thing(value, at)
        is_beyond = value is not None and (value <= limit if falling else value >= limit)
        assert (when(before, thing, {"limit": limit}) is not None) is (is_beyond and not beyond)
        before, beyond = thing, is_beyond


def test_an_object_comes_of_age_once_unless_it_is_archived():
    thing = Thing(created_at=NOON)
    (due,) = aged()(thing, {"days": 30})
    assert (due.at, due.marks) == (NOON + 30 * DAY, (NOON, 30))
    assert list(aged()(Thing(created_at=NOON, archived_at=NOON), {"days": 30})) == []
    assert list(aged()(Thing(created_at=None), {"days": 30})) == []
    assert list(aged(where=lambda thing, asked: False)(thing, {"days": 30})) == []


def test_a_day_begins_at_midnight_by_the_clock_of_the_house():
    (due,) = ahead("ends_on", "days", unit=DAY)(Thing(ends_on=date(2026, 3, 31)), {"days": 30})
    assert (due.at, due.before) == (datetime(2026, 3, 1), datetime(2026, 3, 31))
    assert due.marks == (date(2026, 3, 31), 30)
    (due,) = aged("bought_on")(Thing(bought_on=date(2026, 3, 1)), {"days": 2})
    assert due.at == datetime(2026, 3, 3)


def test_several_lead_times_are_told_each_once():
    found = list(ahead("begins")(Thing(begins=NOON), {"minutes": [60, 10, 60]}))
    assert [(due.at, due.before) for due in found] == [
        (NOON - timedelta(minutes=10), NOON),
        (NOON - timedelta(minutes=60), NOON),
    ]


def test_what_stands_has_the_marks_of_its_fields():
    assert [due.marks for due in stands(lambda thing, asked: True, "meter")(Thing(5), {})] == [(5,)]
    assert list(stands(lambda thing, asked: thing.meter > 5)(Thing(5), {})) == []
