"""What explains what, over a tree of uplinks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outages.topology import Standing, cause, depth

UP, UNASKED, SUSPECT, DOWN, BLIND = Standing
# core 1 - backhaul 2 - router 3 - sector 4 - home 5
LINE = {1: None, 2: 1, 3: 2, 4: 3, 5: 4}


def found(**standings):
    names = {"core": 1, "backhaul": 2, "router": 3, "sector": 4, "home": 5}
    return cause(5, LINE, {names[name]: standing for name, standing in standings.items()})


def test_what_hangs_on_nothing_that_is_looked_at_is_its_own_cause():
    assert found(home=DOWN) == 5
    assert cause(9, LINE, {9: DOWN}) == 9
    assert cause(9, {}, {}) == 9


def test_a_parent_that_answers_leaves_the_fault_with_the_child():
    assert found(sector=UP, router=DOWN, home=DOWN) == 5


def test_the_topmost_of_what_is_down_in_a_row_is_the_cause():
    assert found(sector=DOWN, router=DOWN, backhaul=DOWN, core=UP) == 2
    assert found(sector=DOWN, router=DOWN, backhaul=DOWN, core=DOWN) == 1


def test_what_lies_above_a_living_one_explains_nothing():
    assert found(sector=DOWN, router=UP, backhaul=DOWN) == 4


def test_the_blind_are_looked_through():
    assert found(sector=BLIND, router=DOWN, backhaul=BLIND, core=UP) == 3
    assert found(core=DOWN) == 1


@pytest.mark.parametrize("standing", [UNASKED, SUSPECT])
def test_an_answer_that_is_still_awaited_is_waited_for(standing):
    assert found(sector=standing) is None
    assert found(sector=DOWN, router=standing) is None
    assert found(sector=UP, router=standing) == 5


def test_depth_counts_what_lies_above():
    assert [depth(pk, LINE) for pk in (1, 3, 5, 99)] == [0, 2, 4, 0]


@pytest.mark.processes
@given(
    st.dictionaries(st.integers(1, 8), st.none() | st.integers(1, 8), max_size=8),
    st.dictionaries(st.integers(1, 8), st.sampled_from(Standing)),
)
def test_rings_and_gaps_in_the_data_hold_nothing_up(uplinks, standings):
    answer = cause(1, uplinks, standings)
    assert answer in (None, 1) or standings[answer] is DOWN
    assert depth(1, uplinks) < 8
