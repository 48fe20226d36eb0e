"""The devices of the invented network: they answer, fail and come back."""

import socket
import threading
import time
from dataclasses import replace

import pytest

from agents.simulated.devices import DeviceError, Devices, free_port
from agents.simulated.network import build
from tests.agents.simulated.answers import TOWER, answering, names, online, reachable


def test_every_device_answers_except_those_that_were_never_online(devices, network):
    assert answering(network) == online(network)
    assert len(network.never_online) == 2


def test_a_failed_backhaul_silences_everything_below_it_and_nothing_else(devices, network):
    devices.fail(TOWER)
    dark = names(network.below(TOWER)) | {TOWER}
    assert len(dark) > 50
    assert answering(network) == online(network) - dark
    assert devices.failed == {TOWER}
    assert devices.unreachable().keys() == dark - {TOWER}


def test_a_restored_backhaul_brings_everything_back_on_the_same_addresses(devices, network):
    for _ in range(3):
        assert reachable(network.device("router-far-bench"))
        devices.fail(TOWER)
        devices.restore(TOWER)
    assert answering(network) == online(network)


def test_a_sector_that_failed_stays_dark_when_the_backhaul_above_it_comes_back(devices, network):
    sector = "ap-saddle-ridge-2"
    devices.fail(sector)
    devices.fail(TOWER)
    devices.restore(TOWER)
    assert answering(network) == online(network) - names(network.below(sector)) - {sector}
    devices.fail(TOWER)
    devices.restore(sector)
    assert not devices.answers(sector)
    devices.restore(TOWER)
    assert answering(network) == online(network)


def test_a_failed_core_leaves_nothing(devices, network):
    devices.fail("core-depot")
    assert answering(network) == set()


def test_a_cpe_that_was_never_online_stays_silent_when_restored(devices, network):
    devices.restore(min(network.never_online))
    assert not reachable(network.device(min(network.never_online)))


def test_an_unknown_name_changes_nothing(devices):
    for act in (devices.fail, devices.restore, lambda name: devices.set_failed(["core-depot", name])):
        with pytest.raises(LookupError, match="'nothing'"):
            act("nothing")
    assert devices.failed == frozenset()


def test_a_taken_port_is_named_with_its_address_and_nothing_is_left_open(network):
    victim = network.device("ap-far-bench-1")
    with socket.create_server((victim.address, victim.port)):
        with pytest.raises(DeviceError, match=f"ap-far-bench-1 cannot listen on {victim.address}:{victim.port}: "):
            Devices(network).start()
        assert answering(replace(network, devices=[d for d in network.devices if d != victim])) == set()


def test_a_port_taken_while_its_device_was_down_is_named_and_the_others_come_back(devices, network):
    victim = network.device("router-far-bench")
    devices.fail(TOWER)
    with socket.create_server((victim.address, victim.port)):
        with pytest.raises(DeviceError, match=f"{victim.address}:{victim.port}"):
            devices.restore(TOWER)
        assert not devices.answers(victim.name)
        assert devices.answers("ap-far-bench-1")
    devices.set_failed([])
    assert answering(network) == online(network)


def test_a_stopped_network_refuses_everywhere_and_can_not_be_woken_by_a_late_command(network):
    with Devices(network) as devices:
        pass
    with pytest.raises(DeviceError, match="has stopped"):
        devices.fail("core-depot")
    assert answering(network) == set()


def test_two_networks_live_side_by_side_on_different_ports(devices, network):
    other = build(port=free_port(network))
    with Devices(other) as others:
        devices.fail("core-depot")
        assert answering(other) == online(other)
        others.fail(TOWER)
        devices.restore("core-depot")
        assert answering(network) == online(network)
        assert not reachable(other.device(TOWER))


@pytest.mark.processes
def test_thousands_of_devices_start_fail_and_come_back_in_seconds():
    network = build(5000, port=free_port(build()))
    started = time.monotonic()
    with Devices(network) as devices:
        devices.fail("core-depot")
        devices.restore("core-depot")
        assert time.monotonic() - started < 5
        sample = network.devices[::50]
        assert names(device for device in sample if reachable(device)) == names(sample) - network.never_online


def test_devices_keep_answering_while_others_fail_and_recover_at_the_same_time(devices, network):
    ending = threading.Event()

    def flap(name):
        while not ending.is_set():
            devices.fail(name)
            devices.restore(name)
            # Whoever answers needs a turn at the lock as well, and locks are not fair.
            ending.wait(0.001)

    flappers = [threading.Thread(target=flap, args=(f"ap-saddle-ridge-{number}",)) for number in (1, 2, 3)]
    for flapper in flappers:
        flapper.start()
    try:
        assert all(reachable(device) for _ in range(20) for device in network.below("router-kestrel-hill")[:3])
    finally:
        ending.set()
        for flapper in flappers:
            flapper.join()
    assert answering(network) == online(network)
