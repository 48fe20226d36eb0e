"""A source of the test's own, which may be on this machine, and jobs that are done at a word."""

import pytest
from django.test import override_settings

from outages.models import Source
from outages.sources.sync import sync
from tests.outages.sources.upstream import CRM_KEY, NMS_KEY, serving


@pytest.fixture(autouse=True)
def here():
    """Sources may be on this very machine."""
    with override_settings(LOOPBACK=True):
        yield


@pytest.fixture
def upstream():
    """A UISP without anything in it."""
    with serving() as found:
        yield found


@pytest.fixture
def source(db, upstream):
    """A source that was accepted."""
    return made(upstream)


def made(upstream, **fields):
    """A source in the database; accepted unless told otherwise."""
    from django.utils import timezone

    given = {"name": "Our UISP", "address": upstream.url, "nms_key": NMS_KEY, "crm_key": CRM_KEY}
    return Source.objects.create(**({**given, "accepted_at": timezone.now()} | fields))


@pytest.fixture
def synced(source, upstream):
    """Puts lists in, and synchronises: `synced(devices=[...])`; gives the report."""

    def do(**lists):
        upstream.set(**lists)
        assert sync(source), source.runs.get(sort="sync").said
        source.refresh_from_db()
        return source.sync_report

    return do
