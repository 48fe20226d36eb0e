"""One subscription to "operations" is one to every event about Towerwatch itself, its sources and its agents."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications import firing, interest, planning
from notifications.event import OPERATIONS, declared, meant
from notifications.models import Notice, Subscription
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def wants(event=OPERATIONS, person=None, **fields):
    own = {} if "recipient_key" in fields else {"recipient_key": str((person or make.user()).pk)}
    to = {"recipient_kind": "user"} | own
    return Subscription.objects.create(**({"event": event} | to | fields))


def goes_silent(source):
    source.state, source.told_at, source.faulty_from, source.fault_kind = "faulty", NOW, NOW, "silent"
    source.save()


def told():
    return [notice.event for notice in Notice.objects.order_by("pk")]


def test_it_stands_for_all_that_say_so_of_themselves():
    assert {event.key for event in meant(OPERATIONS)} == {k for k, e in declared().items() if e.operations}
    assert {event.key for event in meant(OPERATIONS)} >= {"upstream.silent", "upstream.malformed", "system.duplicates"}
    assert [event.key for event in meant("incident.opened")] == ["incident.opened"]
    assert meant("long.gone") == ()


def test_who_has_it_hears_of_each_of_them_and_of_nothing_else():
    row = wants()
    assert interest.wanted("outages.Source") and not interest.wanted("outages.Incident")
    source = make.source()
    goes_silent(source)
    assert told() == ["upstream.silent"]
    assert Notice.objects.get().why == [row.pk]
    row.delete()
    source.state, source.told_at = "works", None
    source.save()
    assert told() == ["upstream.silent"]


def test_with_one_to_the_single_event_there_is_one_notice_with_both_reasons():
    person = make.user()
    both = {wants(person=person).pk, wants("upstream.silent", person).pk}
    goes_silent(make.source())
    assert set(Notice.objects.get().why) == both


def test_who_turned_a_single_one_off_hears_of_the_others():
    person = make.user("engineer")
    wants(recipient_kind="role", recipient_key="engineer")
    wants("upstream.silent", person, off=True)
    source = make.source()
    goes_silent(source)
    assert told() == []
    source.state, source.told_at = "works", None
    source.save()
    assert told() == ["upstream.answers"]


def test_a_role_s_is_turned_off_as_a_whole():
    person = make.user("engineer")
    wants(recipient_kind="role", recipient_key="engineer")
    wants(OPERATIONS, person, off=True)
    goes_silent(make.source())
    assert told() == []


def test_what_holds_already_is_told_to_who_asks_for_it():
    goes_silent(make.source())
    wants(now_too=True)
    for later in (NOW, NOW + planning.AGAIN, NOW + timedelta(days=1)):
        planning.plan_new(later)
        firing.fire(later)
    assert told() == ["upstream.silent"]


def test_to_one_source_alone():
    first, second = make.source("First"), make.source("Second")
    wants(about=first)
    for source in (first, second):
        goes_silent(source)
    assert Notice.objects.get().about == first


def test_a_process_that_takes_over_single_changes_knows_what_one_that_reads_all_does():
    memory = interest.Memory()
    memory.refresh()
    rows = [wants(), wants("upstream.silent"), wants(about=make.source())]
    rows[0].delete()
    memory.refresh()
    fresh = interest.Memory()
    fresh.load()
    assert memory.by_event == fresh.by_event
    assert memory.labels == fresh.labels
