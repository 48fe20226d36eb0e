"""A namespace that asks, beside one that answers."""

import pytest

from bench.namespaces import network


@pytest.fixture
def net():
    with network() as net, net.enter():
        yield net
