"""A desk to which the checks of a test report."""

import pytest

from tests.outages.desk import Desk


@pytest.fixture
def desk():
    return Desk()
