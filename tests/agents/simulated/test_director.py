"""Who lets the devices fail: the script, the scenarios, and a person."""

import socket

import pytest

from agents.simulated.director import Director
from agents.simulated.failures import cast
from tests.agents.simulated.answers import TOWER, reachable


def test_the_script_runs_through_its_round_and_starts_again(director, devices):
    parts = cast(devices.network)
    seen = {}
    for second in range(900 + 61):
        director.advance(1)
        seen[second] = devices.failed
    assert seen[59] == seen[300] == seen[899] == frozenset()
    assert seen[60] == seen[299] == seen[960] == {parts.backhaul.name}
    assert seen[335] == {parts.cpe.name}
    assert seen[600] == {parts.sector.name}


def test_a_scenario_pauses_the_script_and_resume_takes_it_back(director, devices):
    parts = cast(devices.network)
    director.advance(61)
    director.play("sector")
    assert devices.failed == {parts.backhaul.name, parts.sector.name}
    director.advance(5000)
    assert devices.failed == {parts.backhaul.name, parts.sector.name}
    director.resume()
    assert devices.failed == {parts.backhaul.name}
    director.advance(240)
    assert devices.failed == frozenset()


def test_the_cpe_scenario_flaps_three_times_and_ends(director, devices):
    cpe = cast(devices.network).cpe.name
    director.play("cpe")
    seen = [cpe in devices.failed]
    for _ in range(20):
        director.advance(25)
        seen.append(cpe in devices.failed)
        if not director.status()["playing"]:
            break
    director.advance(1)
    assert seen[:5] == [True, False, True, False, True]
    assert cpe not in devices.failed
    assert director.status()["playing"] == []


def test_recover_mends_everything_and_the_script_begins_anew_when_resumed(director, devices):
    director.advance(100)
    director.fail("router-kestrel-hill")
    director.play("cpe")
    director.play("recover")
    director.advance(5000)
    assert devices.failed == frozenset()
    director.resume()
    director.advance(59)
    assert devices.failed == frozenset()
    director.advance(2)
    assert devices.failed == {TOWER}


def test_what_a_person_failed_outlives_the_script_that_restores_the_same_device(director, devices):
    director.advance(61)
    director.fail(TOWER)
    assert director.status()["failed"] == {TOWER: ["script", "hand"]}
    director.advance(300)
    assert TOWER in devices.failed
    director.restore(TOWER)
    assert TOWER not in devices.failed


def test_a_person_can_restore_what_the_script_failed(director, devices):
    director.advance(61)
    director.restore(TOWER)
    assert devices.failed == frozenset()


def test_a_network_without_a_script_has_nothing_to_resume(devices):
    director = Director(devices)
    director.fail("core-depot")
    with pytest.raises(LookupError, match="no script"):
        director.resume()
    assert devices.failed == {"core-depot"}
    assert director.status()["script"] is None


def test_a_port_taken_meanwhile_is_shown_as_trouble_and_tried_again(director, devices, network):
    victim = network.device("router-far-bench")
    director.advance(61)
    with socket.create_server((victim.address, victim.port)):
        director.advance(240)
        assert f"{victim.address}:{victim.port}" in director.status()["trouble"]
    director.advance(0.1)
    assert director.status()["trouble"] == ""
    assert reachable(victim)
