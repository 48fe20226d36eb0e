"""What is known of the agent "here"."""

from datetime import UTC, datetime, timedelta

import pytest

from agents import roster
from agents.models import Agent, Silence
from agents.probes.readings import Reading
from notifications.models import Topic

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def swept(count):
    return [Reading(key, True, NOW.timestamp()) for key in range(count)]


def changes(topic):
    return Topic.objects.filter(pk=topic).values_list("changes", flat=True).first() or 0


def trouble():
    return Agent.objects.get().trouble


def test_there_is_one_agent_here():
    assert roster.here() == roster.here() == Agent.objects.get()


def test_looking_is_late_until_it_is_heard_of_and_again_when_it_falls_silent():
    assert roster.is_late(NOW)
    roster.Report().write(NOW)
    assert not roster.is_late(NOW + roster.LATE)
    assert roster.is_late(NOW + roster.LATE + timedelta(seconds=1))


def test_new_work_is_another_number_than_before():
    before = roster.work_changes()
    roster.tell_new_work()
    assert roster.work_changes() == before + 1 == roster.work_changes()


def test_an_invented_network_is_said_and_taken_back():
    roster.simulate(True)
    assert roster.here().simulated
    roster.simulate(False)
    assert not roster.here().simulated


def test_the_last_sweeps_are_counted_since_the_last_report():
    report = roster.Report()
    report.swept("icmp", swept(3), NOW)
    report.swept("tcp", swept(2), later(0.5))
    report.write(later(1))
    agent = roster.here()
    assert (agent.seen_at, agent.swept_at, agent.swept_count) == (later(1), later(0.5), 5)
    report.write(later(2))
    agent.refresh_from_db()
    assert (agent.seen_at, agent.swept_at, agent.swept_count) == (later(2), later(0.5), 5)


def test_trouble_keeps_its_beginning_and_has_its_newest_words_until_a_sweep_comes_back():
    report = roster.Report()
    report.cannot("icmp", "not allowed", NOW)
    report.write(NOW)
    report.cannot("icmp", "no network", later(10))
    report.write(later(10))
    assert trouble() == {"icmp": {"why": "no network", "since": NOW.isoformat()}}
    report.swept("tcp", swept(1), later(11))
    report.write(later(11))
    assert list(trouble()) == ["icmp"]
    report.swept("icmp", swept(1), later(12))
    report.write(later(12))
    assert trouble() == {}


def test_trouble_of_a_probe_that_has_nothing_left_to_ask_is_over():
    report = roster.Report()
    report.cannot("icmp", "not allowed", NOW)
    report.write(NOW)
    report.used = {"icmp", "tcp"}
    report.write(later(1))
    assert list(trouble()) == ["icmp"]
    report.used = {"tcp"}
    report.write(later(2))
    assert trouble() == {}


def test_a_new_shift_goes_on_with_the_trouble_that_the_last_one_left():
    first, second = roster.Report(), roster.Report()
    first.cannot("icmp", "not allowed", NOW)
    first.write(NOW)
    second.write(later(1))
    second.cannot("icmp", "not allowed", later(2))
    second.write(later(2))
    assert trouble()["icmp"]["since"] == NOW.isoformat()


def test_pages_hear_of_trouble_that_comes_changes_and_goes_and_not_each_second():
    report = roster.Report()
    for second, why in enumerate(["not allowed", "not allowed", "not allowed", "no network", "no network"]):
        report.cannot("icmp", why, later(second))
        report.write(later(second))
    assert changes("alarms") == 2
    report.swept("icmp", [], later(9))
    report.write(later(9))
    assert changes("alarms") == 3


def test_pages_hear_of_sweeps_now_and_then():
    report = roster.Report()
    for second in range(30):
        report.swept("icmp", swept(1), later(second))
        report.write(later(second))
    assert 1 <= changes("looking") <= 15


def test_a_gap_in_looking_is_kept_and_a_short_one_is_not():
    for seconds in (0, 1, 15, 100, 101):
        roster.Report().write(later(seconds))
    silence = Silence.objects.get()
    assert (silence.since, silence.until) == (later(15), later(100))


def test_before_the_first_look_and_since_the_last_nobody_looked():
    assert roster.silences(NOW, later(9000)) == [(NOW, later(9000))]
    roster.Report().write(later(60))
    assert roster.silences(NOW, later(9000)) == [(NOW, later(60)), (later(60), later(9000))]
    assert roster.silences(later(61), later(70)) == []
