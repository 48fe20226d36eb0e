"""The invented network behind a UISP, as it should be and odd."""

import pytest

from agents.simulated.devices import Devices, free_port
from agents.simulated.network import build
from agents.simulated.uisp import UispServer


@pytest.fixture(scope="module")
def network():
    return Devices(build(port=free_port(build())))


@pytest.fixture(scope="module")
def devices(network):
    with network:
        yield network


@pytest.fixture
def server(devices):
    devices.set_failed([])
    with UispServer(devices) as server:
        yield server


@pytest.fixture
def odd_server(devices):
    devices.set_failed([])
    with UispServer(devices, odd=True) as server:
        yield server
