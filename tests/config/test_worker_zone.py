"""Tasks of the queue tell times in the ISP's zone, as pages do."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.utils import timezone
from django_q.signals import pre_execute

from agents.probes.readings import UpstreamError
from agents.work import Outcome
from config import options
from outages.sources import polling
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_before():
    cache.clear()
    yield
    cache.clear()
    timezone.deactivate()


def test_a_task_that_begins_is_in_the_zone_of_the_isp_and_so_are_its_notices():
    options.change(time_zone="Asia/Kolkata")
    pre_execute.send(sender="django_q", func=None, task={})
    source = make.source()
    asked = datetime(2026, 3, 1, 8, 32, tzinfo=UTC).timestamp()
    for second in (0, 30):
        polling.note(Outcome(f"source {source.pk}", asked + second, 0.1, 1, UpstreamError("refused", "x")))
    source.refresh_from_db()
    assert "since Sun 1 Mar 14:02: it cannot be reached" in source.complaint
