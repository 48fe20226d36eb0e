"""Once a night, in the ISP's zone: never twice, never left out, whatever the clocks do."""

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from config import options, safety
from config.backups import backup, nights
from config.finding import State
from outages.strips import strip

DENVER = zoneinfo.ZoneInfo("America/Denver")


@pytest.fixture
def place(settings, tmp_path):
    settings.BACKUP_FOLDER = tmp_path / "backups"
    return settings.BACKUP_FOLDER


def begun(monkeypatch):
    found = []
    monkeypatch.setattr(backup, "begin", lambda: found.append(1))
    return found


def test_the_first_night_is_the_one_after_the_first_start(db, place, monkeypatch):
    found = begun(monkeypatch)
    options.change(time_zone="America/Denver")
    start = datetime(2026, 7, 1, 14, 0, tzinfo=DENVER)
    for hours in range(13):
        nights.back_up(start + timedelta(hours=hours))
    assert found == []
    assert nights.back_up(start + timedelta(hours=13))
    assert found == [1]


def nightly(first: datetime, hours: int, minutes: int = 10) -> list[datetime]:
    """When a backup begins, looked for each ten minutes, where each one begun is done at once."""
    zone, done, found = first.tzinfo, nights.night_of(first, first.tzinfo).isoformat(), []
    at = first.astimezone(UTC)
    while at < first.astimezone(UTC) + timedelta(hours=hours):
        if nights.due(at, zone, done, ""):
            found.append(at.astimezone(zone))
            done = nights.night_of(at, zone).isoformat()
        at += timedelta(minutes=minutes)
    return found


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", (2026, 3, 28)), ("Europe/Berlin", (2026, 10, 24)),
        ("America/Denver", (2026, 3, 7)), ("America/Denver", (2026, 10, 31)),
        ("Africa/Cairo", (2026, 4, 23)), ("America/Santiago", (2026, 9, 5)), ("Australia/Lord_Howe", (2026, 10, 3)),
    ],
)  # fmt: skip
def test_the_night_in_which_the_clocks_are_turned_has_one_backup(zone, day):
    found = nightly(datetime(*day, 12, 0, tzinfo=zoneinfo.ZoneInfo(zone)), 72)
    assert len(found) == 3
    assert len({one.date() for one in found}) == 3
    assert all(one.hour == 3 for one in found)


def test_a_night_that_was_slept_through_is_made_up_for_by_day():
    first = datetime(2026, 5, 1, 12, 0, tzinfo=DENVER)
    assert nights.due(first + timedelta(hours=22), DENVER, "2026-05-01", "")
    assert not nights.due(first + timedelta(hours=22), DENVER, "2026-05-02", "")


def test_a_backup_that_failed_is_tried_again_after_an_hour():
    now = datetime(2026, 5, 2, 4, 0, tzinfo=DENVER)
    assert not nights.due(now, DENVER, "2026-05-01", (now - timedelta(minutes=59)).isoformat())
    assert nights.due(now, DENVER, "2026-05-01", (now - timedelta(minutes=60)).isoformat())
    # The clock went back: what was tried later than now does not wait for that time to come again.
    assert nights.due(now, DENVER, "2026-05-01", (now + timedelta(minutes=30)).isoformat())


def test_a_clock_that_goes_back_over_the_hour_makes_no_second_one():
    zone = DENVER
    assert not nights.due(datetime(2026, 5, 2, 2, 30, tzinfo=zone), zone, "2026-05-02", "")
    assert not nights.due(datetime(2026, 5, 2, 3, 30, tzinfo=zone), zone, "2026-05-02", "")


def test_the_demo_is_not_backed_up(db, settings, place, monkeypatch):
    settings.DEMO = True
    found = begun(monkeypatch)
    options.change(backup_night="2020-01-01")
    assert not nights.back_up(timezone.now())
    assert found == []
    assert safety.backups(timezone.now()).state is State.WORKS


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28), [0, 1, 3, 4]), ((2026, 10, 24), [0, 1, 2, 2, 3, 4])])
def test_a_strip_over_that_night_has_slots_of_one_length_and_shows_the_hours_of_the_wall(day, hours):
    since = datetime(*day, 12, tzinfo=UTC)
    slots = strip([], since, since + timedelta(hours=24), 24)
    assert {slot.end - slot.start for slot in slots} == {timedelta(hours=1)}
    shown = [slot.start.astimezone(zoneinfo.ZoneInfo("Europe/Berlin")).hour for slot in slots]
    assert [hour for hour in shown if hour < 5] == hours
