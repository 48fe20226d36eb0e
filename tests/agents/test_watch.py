"""That nobody looks any more is told by somebody else, once, and that somebody looks again too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agents import roster
from agents.models import Agent
from notifications import actions
from notifications.models import Notice
from tests import make

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 5, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def keeper():
    """Somebody with the one subscription to operations."""
    user = make.user("engineer")
    actions.subscribe(("user", str(user.pk)), "operations", None, user)
    return user


def told(user):
    return [(one.event, one.text) for one in Notice.objects.to(user).order_by("pk")]


def beat(seconds, **trouble):
    report = roster.Report(used={"icmp", "tcp"})
    for way, why in trouble.items():
        report.cannot(way, why, T0 + timedelta(seconds=seconds))
    if not trouble:
        report.swept("icmp", [], T0 + timedelta(seconds=seconds))
    report.write(T0 + timedelta(seconds=seconds))


def watch(*seconds):
    return [roster.watch(T0 + timedelta(seconds=at)) for at in seconds]


def test_silence_is_told_once_then_the_return_and_the_next_silence_again(keeper):
    beat(0)
    assert watch(10, 60, 120, 180, 3600) == [False, False, True, True, True]
    late = "Towerwatch itself has looked at nothing since 2026-05-05 12:00:00: what is down now, nobody sees"
    assert told(keeper) == [("agent.late", late)]
    beat(3700)
    beat(3701)
    assert told(keeper)[1:] == [("agent.returned", "Towerwatch itself looks again, after 1 h 01 min")]
    assert watch(3702, 3800, 3860) == [False, False, True]
    assert [event for event, _ in told(keeper)] == ["agent.late", "agent.returned", "agent.late"]
    assert Notice.objects.filter(event="agent.late").first().link == "/health/"


def test_a_machine_that_starts_after_a_night_has_a_moment_to_begin(keeper):
    beat(0)
    night = 8 * 3600
    assert watch(night) == [False]
    beat(night + 20)
    assert watch(night + 30) == [False]
    beat(night + 59)
    assert watch(night + 60) == [False]
    assert told(keeper) == []
    assert Agent.objects.get().missed_at is None


def test_before_anybody_has_looked_nobody_is_late(keeper):
    assert watch(0, 60, 600) == [False, False, False]
    assert told(keeper) == []


def test_a_clock_that_is_turned_back_makes_nobody_late(keeper):
    beat(3600)
    assert watch(0, 60, 120) == [False, False, False]


def test_a_way_of_looking_that_is_shut_is_told_once_until_it_works_again(keeper):
    beat(0)
    for seconds in (1, 2, 3):
        beat(seconds, icmp="this program may not ping")
    assert told(keeper) == [("check.unknown", "ICMP cannot look: this program may not ping")]
    beat(4)
    beat(5, icmp="this program may not ping")
    assert [event for event, _ in told(keeper)] == ["check.unknown", "check.unknown"]


def test_a_sign_of_life_each_second_costs_no_more_queries_than_before(django_assert_num_queries):
    beat(0)
    with django_assert_num_queries(4):
        roster.Report().write(T0 + timedelta(seconds=1))
