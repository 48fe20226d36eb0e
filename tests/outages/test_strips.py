"""A day as a row of slots."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from outages.strips import Slot, merged, strip

START = datetime(2026, 3, 1, tzinfo=UTC)


def at(hours):
    return START + timedelta(hours=hours)


def counts(*spans):
    """Four slots of six hours."""
    return [slot.out for slot in strip([(at(a), None if b is None else at(b)) for a, b in spans], START, at(24), 4)]


def test_the_slots_cover_the_span_without_a_gap():
    slots = strip([], START, at(24), 48)
    assert len(slots) == 48
    assert slots[0].start == START and slots[-1].end == at(24)
    assert all(before.end == after.start for before, after in itertools.pairwise(slots))


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((1, 2), [1, 0, 0, 0]),
        ((5, 7), [1, 1, 0, 0]),
        ((-5, 30), [1, 1, 1, 1]),
        ((13, None), [0, 0, 1, 1]),
        ((-100, None), [1, 1, 1, 1]),
        ((0, 6), [1, 0, 0, 0]),
        ((6, 12), [0, 1, 0, 0]),
        ((6, 6), [0, 1, 0, 0]),
        ((23, 24), [0, 0, 0, 1]),
    ],
)
def test_a_span_counts_in_each_slot_that_it_touches(span, expected):
    assert counts(span) == expected


@pytest.mark.parametrize("span", [(-3, -1), (-3, 0), (-30, -29), (24, 25), (24, None), (30, None)])
def test_what_lies_outside_counts_nowhere(span):
    assert counts(span) == [0, 0, 0, 0]


def test_spans_add_up():
    assert counts((1, 2), (1, 8), (1, None)) == [3, 2, 1, 1]


@pytest.mark.parametrize(
    ("out", "level"), [(0, 0), (1, 1), (2, 1), (3, 2), (9, 2), (10, 3), (29, 3), (30, 4), (9999, 4)]
)
def test_more_is_darker(out, level):
    assert Slot(START, at(1), out).level == level


def test_a_slot_in_which_nobody_looked_is_not_observed():
    silence = (START + timedelta(minutes=30), START + timedelta(minutes=120))
    slots = strip([], START, START + timedelta(hours=3), 3, [silence])
    assert [slot.observed for slot in slots] == [True, False, True]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([("a", at(1), at(2)), ("b", at(1), at(2))], [(at(1), at(2)), (at(1), at(2))]),
        ([("a", at(1), at(2)), ("a", at(1), at(3))], [(at(1), at(3))]),
        ([("a", at(2), None), ("a", at(1), at(3))], [(at(1), None)]),
        ([("a", at(1), None), ("a", at(2), at(3)), ("a", at(4), at(5))], [(at(1), None)]),
        ([("a", at(3), at(4)), ("a", at(1), at(2))], [(at(1), at(2)), (at(3), at(4))]),
    ],
)
def test_what_overlaps_of_the_same_thing_is_one_span(spans, expected):
    assert merged(spans) == expected
