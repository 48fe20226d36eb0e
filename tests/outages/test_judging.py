"""Judging: pure, so that every corner can be tried."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outages.judging import DOWN, NEW, UP, Rule, Standing, fault, judge

RULE = Rule(count=3, window=15, interval=10)


def run(standing, readings, rule=RULE):
    for at, up in readings:
        standing = judge(standing, up, at, rule)
    return standing


def test_three_bad_readings_within_the_window_are_down():
    assert run(Standing(UP), [(0, False), (5, False), (10, False)]) == Standing(DOWN)


def test_the_window_includes_its_edge_and_nothing_beyond():
    assert run(Standing(UP), [(0, False), (7, False), (15, False)]).state == DOWN
    assert run(Standing(UP), [(0, False), (7, False), (15.1, False)]).state == UP


def test_a_window_slides_along_a_longer_run():
    assert run(Standing(UP), [(0, False), (14, False), (16, False), (18, False)]).state == DOWN


def test_one_good_reading_ends_a_run():
    assert run(Standing(UP), [(0, False), (5, False), (7, True), (10, False)]) == Standing(UP, (10,))


def test_a_reading_that_comes_late_or_twice_is_not_counted():
    assert run(Standing(UP), [(5, False), (5, False), (3, False), (5, True)]) == Standing(UP, (5,))


def test_readings_with_a_long_gap_between_are_not_in_a_row():
    assert run(Standing(UP), [(0, False), (1000, False)]) == Standing(UP, (1000,))


def test_what_never_answered_stays_new():
    assert run(Standing(NEW), [(i, False) for i in range(20)]) == Standing(NEW)
    assert run(Standing(NEW), [(0, False), (1, True)]) == Standing(UP)


def test_nothing_changed_is_the_same_object():
    standing = Standing(UP)
    assert judge(standing, True, 1, RULE) is standing
    down = Standing(DOWN)
    assert judge(down, False, 1, RULE) is down


def test_a_rule_of_one_decides_at_once():
    assert judge(Standing(UP), False, 0, Rule(1, 1, 1)) == Standing(DOWN)


@pytest.mark.processes
@given(
    st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=60, unique_by=lambda reading: reading[0]),
    st.integers(1, 5),
    st.integers(1, 60),
)
def test_a_state_never_changes_without_enough_readings_within_the_window(readings, count, window):
    rule = Rule(count, window, 10)
    standing, contrary = Standing(UP), []
    for at, up in sorted(readings):
        after = judge(standing, up, at, rule)
        contrary = [*contrary, at] if up != (standing.state == UP) else []
        if after.state != standing.state:
            assert len(contrary) >= count
            last = sorted(set(contrary))[-count:]
            assert len(last) == count
            assert last[-1] - last[0] <= window
            contrary = []
        standing = after


@pytest.mark.parametrize(
    ("rule", "seconds", "words"),
    [
        (Rule(10, 1, 10), 1.5, "Allow 15 s or more"),
        (Rule(3, 4, 10), 1.5, "Allow 5 s or more"),
        (Rule(3, 5, 10), 1.5, None),
        (Rule(3, 2, 1), 0.5, None),
        (Rule(0, 5, 10), 1.5, "above zero"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule, seconds, words):
    found = fault(rule, seconds)
    assert found is None if words is None else words in found
