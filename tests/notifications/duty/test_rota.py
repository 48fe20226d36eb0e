"""The rota, pure: weeks become moments, whatever the clock does, and covers go before turns."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.duty import rota

BERLIN, DENVER = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Denver")
ADA, BEN, CY = 1, 2, 3
MONDAY = date(2026, 5, 4)


@dataclass
class Turn:
    person_id: int
    from_day: int
    from_time: time
    to_day: int
    to_time: time
    rank: int = 1
    pk: int = 0


@dataclass
class Cover:
    person_id: int
    starts_at: datetime
    ends_at: datetime
    rank: int = 1
    pk: int = 1


DAYS = Turn(ADA, 0, time(8), 4, time(18))
WEEKEND = Turn(BEN, 4, time(18), 0, time(8))


def at(local, *rows, zone=BERLIN, rank=1):
    turns = [row for row in rows if isinstance(row, Turn)]
    covers = [row for row in rows if isinstance(row, Cover)]
    when = local.replace(tzinfo=zone).astimezone(UTC)
    found = rota.spans(turns, covers, when, when + timedelta(microseconds=1), zone)
    return rota.at(found, when, rank)


@pytest.mark.parametrize(
    ("local", "who"),
    [
        (datetime(2026, 5, 4, 8, 0), (ADA,)),
        (datetime(2026, 5, 4, 7, 59, 59), (BEN,)),
        (datetime(2026, 5, 8, 17, 59, 59), (ADA,)),
        (datetime(2026, 5, 8, 18, 0), (BEN,)),
        (datetime(2026, 5, 10, 23, 59), (BEN,)),
    ],
)
def test_a_turn_begins_on_its_minute_and_ends_before_the_next_one(local, who):
    assert at(local, DAYS, WEEKEND) == who


def test_equal_ends_are_all_week():
    everything = Turn(CY, 2, time(9), 2, time(9))
    assert {at(datetime(2026, 5, 4) + timedelta(hours=7 * n), everything) for n in range(60)} == {(CY,)}


def test_without_a_turn_nobody_is_on():
    assert at(datetime(2026, 5, 8, 20), DAYS) == ()
    assert at(datetime(2026, 5, 5, 12), DAYS, rank=2) == ()


def test_two_turns_at_once_are_two_people_and_one_twice_is_one():
    assert at(datetime(2026, 5, 5, 12), DAYS, Turn(BEN, 1, time(0), 2, time(0)), DAYS) == (ADA, BEN)


def test_a_cover_stands_in_for_its_rank_alone_and_the_last_one_counts():
    noon = datetime(2026, 5, 5, 12, tzinfo=BERLIN)
    second = Turn(BEN, 0, time(0), 0, time(0), rank=2)
    first = Cover(CY, noon, noon + timedelta(hours=2), pk=1)
    later = Cover(BEN, noon, noon + timedelta(hours=1), pk=2)
    local = datetime(2026, 5, 5, 12)
    assert at(local, DAYS, second, first) == (CY,)
    assert at(local, DAYS, second, first, later) == (BEN,)
    assert at(local + timedelta(minutes=90), DAYS, second, first, later) == (CY,)
    assert at(local + timedelta(hours=2), DAYS, second, first, later) == (ADA,)
    assert at(local, DAYS, second, first, rank=2) == (BEN,)


@pytest.mark.parametrize(
    ("zone", "sunday"),
    [
        (BERLIN, date(2026, 3, 29)),
        (BERLIN, date(2026, 10, 25)),
        (DENVER, date(2026, 3, 8)),
        (DENVER, date(2026, 11, 1)),
    ],
)
def test_a_change_of_turns_in_the_hour_that_is_not_or_is_twice_leaves_no_gap(zone, sunday):
    handover = time(2, 30)
    turns = [Turn(ADA, 0, time(0), 6, handover), Turn(BEN, 6, handover, 0, time(0))]
    since = rota.moment(sunday - timedelta(days=6), time(0), zone)
    until = rota.moment(sunday + timedelta(days=1), time(0), zone)
    found = rota.stretches(rota.spans(turns, [], since, until, zone), 1, since, until)
    assert [one.people for one in found] == [(ADA,), (BEN,)]
    hours = (until - since) / timedelta(hours=1)
    assert hours in (7 * 24 - 1, 7 * 24 + 1)


def test_a_turn_by_the_clock_keeps_its_wall_time_after_the_clock_changes():
    assert at(datetime(2026, 3, 27, 18, 0), DAYS, WEEKEND) == (BEN,)
    assert at(datetime(2026, 3, 30, 7, 59), DAYS, WEEKEND) == (BEN,)
    assert at(datetime(2026, 3, 30, 8, 0), DAYS, WEEKEND) == (ADA,)


def test_stretches_show_gaps_and_overlaps_and_join_what_is_equal():
    since, until = rota.moment(MONDAY, time(0), BERLIN), rota.moment(MONDAY + timedelta(days=7), time(0), BERLIN)
    turns = [
        Turn(ADA, 0, time(8), 2, time(8)),
        Turn(ADA, 2, time(8), 3, time(8)),
        Turn(BEN, 3, time(0), 4, time(0)),
    ]
    found = rota.stretches(rota.spans(turns, [], since, until, BERLIN), 1, since, until)
    assert [one.people for one in found] == [(), (ADA,), (ADA, BEN), (BEN,), ()]
    assert found[0].start == since
    assert found[-1].end == until


@pytest.mark.processes
@given(
    st.lists(
        st.tuples(
            st.integers(1, 3), st.integers(0, 6), st.times(), st.integers(0, 6), st.times(), st.sampled_from([1, 2])
        ),
        max_size=6,
    ),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from([BERLIN, DENVER, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
)
def test_stretches_cover_the_time_without_a_hole_and_agree_with_each_moment(rows, begin, zone):
    turns = [Turn(*row[:5], rank=row[5]) for row in rows]
    since = begin.replace(tzinfo=zone).astimezone(UTC)
    until = since + timedelta(days=9)
    spans = rota.spans(turns, [], since, until, zone)
    for rank in (1, 2):
        found = rota.stretches(spans, rank, since, until)
        assert (found[0].start, found[-1].end) == (since, until)
        for one, other in pairwise(found):
            assert one.end == other.start and one.people != other.people
        for one in found:
            alone = rota.spans(turns, [], one.start, one.start + timedelta(microseconds=1), zone)
            assert rota.at(alone, one.start, rank) == one.people
