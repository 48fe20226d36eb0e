"""The tags that every template has: states, times and small things."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from config.templatetags import shell
from outages.models import Incident
from tests.config.drawn import NOON, drawn, plain


@pytest.fixture
def denver() -> Iterator[None]:
    """Noon in the zone of an ISP."""
    with timezone.override("America/Denver"), time_machine.travel(NOON, tick=False):
        yield


# States


@pytest.mark.parametrize("state", shell.STATES)
def test_every_state_has_an_icon_and_words(state: str):
    html = shell.state_badge(state)
    assert "<svg" in html
    assert plain(html) == state.capitalize()


def test_a_choice_shows_its_label():
    assert plain(shell.state_badge(Incident.State.NEW)) == Incident.State.NEW.label


def test_an_unheard_of_state_shows_its_own_name():
    assert plain(drawn("{% state 'half_open' %}")) == "Half open"


def test_no_state_is_unknown():
    assert plain(drawn("{{ nothing|state_badge }}", nothing=None)) == "Unknown"


def test_a_state_is_escaped():
    assert "<b>" not in shell.state_badge("<b>")


# Times


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (7500, "2 h 05 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 0 h"),
        (356400, "4 d 3 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str):
    assert drawn("{{ seconds|span }}", seconds=seconds) == words


def test_no_duration_is_nothing():
    assert drawn("{{ seconds|span }}", seconds=None) == ""


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(0), "12:02 · now"),
        (timedelta(seconds=40), "12:01 · 40 s ago"),
        (timedelta(minutes=3), "11:59 · 3 min ago"),
        (timedelta(hours=13), "Fri 20 Nov 23:02 · 13 h ago"),
        (timedelta(days=400), "17 Oct 2025 13:02 · 400 d ago"),
        (timedelta(minutes=-9), "12:11 · in 9 min"),
    ],
)
def test_a_moment_is_told_in_the_zone_of_the_isp(denver: None, before: timedelta, words: str):
    assert plain(drawn("{{ when|moment }}", when=NOON - before)) == words


def test_a_moment_carries_the_whole_time(denver: None):
    html = drawn("{{ when|moment }}", when=NOON)
    assert 'datetime="2026-11-21T19:02:33+00:00"' in html
    assert 'title="Saturday 21 November 2026, 12:02:33 MST"' in html


def test_the_distance_alone_can_be_had(denver: None):
    assert plain(drawn("{{ when|ago }}", when=NOON - timedelta(days=2))) == "2 d ago"


def test_what_never_was_is_nothing():
    assert drawn("{{ when|moment }}{{ when|ago }}{{ when|lasted }}", when=None) == ""


def test_what_is_over_has_lasted(denver: None):
    assert drawn("{{ start|lasted:end }}", start=NOON - timedelta(hours=2), end=NOON) == "2 h 00 min"


def test_what_is_not_over_has_a_running_clock(denver: None):
    html = drawn("{{ start|lasted:end }}", start=NOON - timedelta(minutes=5), end=None)
    assert html == '<span class="clock" data-since="2026-11-21T18:57:33+00:00">5 min</span>'


# Small things


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Bo Lindqvist", "BL"), ("Ana de la Cruz", "AC"), ("Ng", "N"), ("", "?"), ("bo.lindqvist@example.net", "BL")],
)
def test_initials_are_those_of_the_first_and_the_last_word(name: str, letters: str):
    assert shell.initials(name) == letters


def test_an_unknown_icon_does_not_fail_the_page():
    assert "<svg" in shell.icon("no-such-icon")
