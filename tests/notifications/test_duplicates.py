"""Notices that were refused because they had been told are counted, and many of them in an hour are told."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import duplicates, engine
from notifications.models import Duplicates, Notice, Subscription
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)
HOUR = timedelta(hours=1)


def wants(event, **asked):
    key = str(make.user("manager").pk)
    return Subscription.objects.create(event=event, recipient_kind="user", recipient_key=key, asked=asked)


def incidents(number):
    return [(None, Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=NOW)) for _ in range(number)]


def counted():
    return {(row.event, row.hour): row.refused for row in Duplicates.objects.all()}


def test_what_is_new_is_not_counted_and_what_is_refused_is_by_event_and_hour():
    wants("incident.opened")
    found = incidents(3)
    assert counted() == {}
    for now in (NOW, NOW + timedelta(minutes=5), NOW + HOUR):
        assert engine.consider(found, now) == 0
    assert counted() == {
        ("incident.opened", datetime(2026, 3, 1, 12, tzinfo=UTC)): 6,
        ("incident.opened", datetime(2026, 3, 1, 13, tzinfo=UTC)): 3,
    }


def test_to_count_costs_one_query_and_only_where_something_was_refused():
    wants("incident.opened")
    found = incidents(3)
    with CaptureQueriesContext(connection) as asked:
        engine.consider(found, NOW)
    assert sum("notifications_duplicates" in query["sql"] for query in asked) == 1
    with CaptureQueriesContext(connection) as asked:
        incidents(1)
    assert not [query for query in asked if "notifications_duplicates" in query["sql"]]


def test_too_many_of_an_event_within_an_hour_are_told_once():
    wants("system.duplicates", refused=5)
    wants("incident.opened")
    found = incidents(2)
    for _ in range(2):
        engine.consider(found, NOW)
    assert not Notice.objects.filter(event="system.duplicates").exists()
    for _ in range(20):
        engine.consider(found, NOW)
    notice = Notice.objects.get(event="system.duplicates")
    assert notice.text.startswith("“An incident opened”: 6 notices within an hour were refused")
    for _ in range(20):
        engine.consider(found, NOW + HOUR)
    assert Notice.objects.filter(event="system.duplicates").count() == 2


def test_what_is_refused_of_this_very_event_is_not_counted():
    wants("system.duplicates", refused=1)
    row = Duplicates(pk=1, event="incident.opened", hour=NOW, refused=1)
    for _ in range(3):
        engine.consider([(None, row)], NOW)
    assert Notice.objects.count() == 1
    assert counted() == {}


def test_an_event_that_is_declared_no_more_is_called_by_its_key():
    assert Duplicates(event="long.gone").called == "long.gone"
    assert duplicates.count([], NOW) == []
