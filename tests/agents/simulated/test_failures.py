"""The script and the scenarios: which step is due, and what comes next."""

from itertools import pairwise

import pytest

from agents.simulated.failures import SCENARIOS, Script, Step, cast, due, endless_script, scenario_script, upcoming
from agents.simulated.network import build
from tests.agents.simulated.answers import online


def test_the_script_fails_a_tower_after_a_minute_then_a_cpe_then_a_sector_and_all_recover():
    network = build()
    parts = cast(network)
    acts = [(step.at, step.act, step.device) for step in endless_script(network).steps]
    cpe = [(at, act, parts.cpe.name) for at, act in zip(range(330, 456, 25), ["fail", "restore"] * 3, strict=True)]
    assert acts == [
        (60, "fail", parts.backhaul.name),
        (300, "restore", parts.backhaul.name),
        *cpe,
        (510, "fail", parts.sector.name),
        (690, "restore", parts.sector.name),
    ]
    assert endless_script(network).period == 900


def test_the_three_failures_of_the_script_touch_different_customers():
    network = build()
    parts = cast(network)
    hit = [set(network.customers_below(device.name)) for device in (parts.backhaul, parts.sector, parts.cpe)]
    assert [len(customers) for customers in hit] > [30, 5, 0]
    assert len(set.union(*hit)) == sum(len(customers) for customers in hit)
    assert not network.customers_below(parts.cpe.name)[0].never_online


@pytest.mark.parametrize("customers", [1, 2, 40])
def test_the_script_works_on_the_smallest_networks(customers):
    network = build(customers)
    assert {step.device for step in endless_script(network).steps} <= online(network)


def test_a_step_is_due_once_whatever_the_windows_and_the_round():
    script = endless_script(build())
    whole = due(script, 0, 2700)
    assert whole == list(script.steps) * 3
    times = [0, 60, 60.1, 299.9, 300, 455, 900, 960, 1799.999, 1800, 2400, 2700]
    assert [step for since, until in pairwise(times) for step in due(script, since, until)] == whole


def test_a_window_holds_its_start_and_not_its_end_also_over_the_turn_of_the_round():
    script = Script((Step(0, "fail", "a", ""), Step(10, "restore", "a", "")), period=20)
    assert [step.at for step in due(script, 0, 10)] == [0]
    assert [step.at for step in due(script, 10, 20)] == [10]
    assert [step.at for step in due(script, 15, 31)] == [0, 10]
    assert due(script, 11, 11) == []
    assert [step.at for step in due(Script(script.steps), 0, 1000)] == [0, 10]


def test_the_next_step_is_known_also_before_the_turn_of_the_round():
    script = endless_script(build())
    assert upcoming(script, 0) == (60, script.steps[0])
    assert upcoming(script, 1000) == (200, script.steps[1])
    assert upcoming(script, 700) == (260, script.steps[0])
    assert upcoming(Script(script.steps), 691) is None


def test_each_scenario_has_a_label_and_one_sentence():
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.label
        assert scenario.explanation.endswith(".")
        scenario_script(name, build())
    with pytest.raises(LookupError, match="'flood': choose from backhaul, cpe, sector, recover"):
        scenario_script("flood", build())
