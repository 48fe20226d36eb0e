"""The times at which a reminder is offered."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from customers.reminders.times import offers

DENVER = ZoneInfo("America/Denver")


def clock(year, month, day, hour, minute, second=0):
    return datetime(year, month, day, hour, minute, second, tzinfo=DENVER)


def offered(now):
    return {one.key: one.at for one in offers(now, DENVER)}


def test_in_an_hour_tomorrow_and_on_monday_by_the_clock_of_the_house():
    now = clock(2026, 3, 4, 22, 41, 33)  # a Wednesday; in UTC it is Thursday already
    assert offered(now) == {
        "hour": clock(2026, 3, 4, 23, 41),
        "tomorrow": clock(2026, 3, 5, 8, 0),
        "monday": clock(2026, 3, 9, 8, 0),
    }
    assert all(at.tzinfo is UTC for at in offered(now).values())


def test_on_a_monday_the_next_one_is_meant():
    assert offered(clock(2026, 3, 9, 7, 0))["monday"] == clock(2026, 3, 16, 8, 0)


def test_on_a_sunday_monday_is_tomorrow_and_offered_once():
    assert list(offered(clock(2026, 3, 8, 12, 0))) == ["hour", "tomorrow"]


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 7), 19), ((2026, 10, 31), 21)])
def test_eight_is_eight_also_when_the_clocks_change_in_between(day, hours):
    now = clock(*day, 12, 0)
    found = offered(now)["tomorrow"]
    assert found.astimezone(DENVER).hour == 8
    assert (found - now.astimezone(UTC)).total_seconds() == hours * 3600


def test_the_hour_that_is_there_twice_is_an_hour_away_all_the_same():
    now = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)  # 1:30 in Denver, for the first time
    assert offered(now)["hour"] == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
