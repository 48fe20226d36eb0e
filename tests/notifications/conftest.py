"""What several tests of notices begin with."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from tests.notifications.duty.making import NOW


@pytest.fixture
def noon_with_mail(settings: Any) -> Iterator[None]:
    """The clock stands at noon, and e-mail is set up, so that everybody has a channel beside the inbox."""
    settings.EMAIL_READY = True
    with time_machine.travel(NOW, tick=False):
        yield
