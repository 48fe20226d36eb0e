"""An invented network on a free port, its devices, and who lets them fail."""

import pytest

from agents.simulated.devices import Devices, free_port
from agents.simulated.director import Director
from agents.simulated.failures import endless_script
from agents.simulated.network import build


@pytest.fixture
def network():
    return build(port=free_port(build()))


@pytest.fixture
def devices(network):
    with Devices(network) as devices:
        yield devices


@pytest.fixture
def director(devices):
    return Director(devices, endless_script(devices.network))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control"
