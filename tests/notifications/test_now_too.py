"""Whoever asks for what is true now is told of it once, at once, and as if it had been told when it became true."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from notifications import actions, firing, interest, planning
from notifications.models import Duplicates, Notice, Plan, Subscription
from outages.models import Incident, Outage
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOW, tick=False):
        yield


def wants(event, person=None, now_too=True, **fields):
    to = {} if "recipient_key" in fields else {"recipient_key": str((person or make.user()).pk)}
    to = {"recipient_kind": "user"} | to
    return Subscription.objects.create(**({"event": event, "now_too": now_too} | to | fields))


def incident(opened_at=NOW - 5 * HOUR, equipment=None, **fields):
    return Incident.objects.create(equipment=equipment or make.equipment(kind="ap"), opened_at=opened_at, **fields)


def outage(started_at=NOW - 5 * HOUR, **fields):
    fields = {"equipment": make.equipment(), "opened_at": started_at, "opened_by": {}} | fields
    return Outage.objects.create(started_at=started_at, **fields)


def job(now=NOW):
    """What the queue does, each second if need be."""
    planning.plan_new(now)
    firing.fire(now)


def for_long():
    """All that comes of a subscription by itself: the first look, the second, and those of some nights."""
    for later in (timedelta(0), planning.AGAIN, HOUR, timedelta(days=1)):
        job(NOW + later)
        planning.plan_all(NOW + later)
        firing.fire(NOW + later)


def told():
    return [notice.about for notice in Notice.objects.order_by("pk")]


@pytest.mark.parametrize("event", ["incident.opened", "incident.still_open"])
def test_what_is_true_already_is_told_once_and_stays_told(event):
    old, _over = incident(), incident(closed_at=NOW - HOUR)
    wants(event)
    for_long()
    assert told() == [old]
    assert not Plan.objects.exists()


@pytest.mark.parametrize("event", ["incident.opened", "incident.still_open"])
def test_who_did_not_ask_for_it_hears_nothing_of_what_was_true_before(event):
    incident()
    wants(event, now_too=False)
    for_long()
    assert told() == []


@pytest.mark.parametrize("event", ["incident.opened", "incident.still_open"])
def test_who_was_told_when_it_became_true_is_not_told_again(event):
    engineer = make.user("engineer")
    role = {"recipient_kind": "role", "recipient_key": "engineer"}
    wants(event, now_too=False, asked={"minutes": 60}, **role)
    found = incident(NOW)
    later = NOW + 2 * HOUR
    with time_machine.travel(later, tick=False):
        firing.fire(later)
        assert told() == [found]
        wants(event, engineer, asked={"minutes": 60})
        job(later)
        job(later + planning.AGAIN)
    assert told() == [found]
    assert not Duplicates.objects.exists()


def test_an_outage_and_a_silent_source_are_told_while_they_last():
    down = outage()
    outage(ended_at=NOW - HOUR)
    fault = {"state": "faulty", "fault_kind": "silent", "told_at": NOW - HOUR, "faulty_from": NOW - HOUR}
    source = make.source(**fault)
    for event in ("outage.opened", "outage.still_open", "upstream.silent", "upstream.malformed"):
        wants(event)
    for_long()
    assert source.is_silent
    assert told() == [down, down, source]


def test_what_ends_before_it_is_told_is_not_told():
    found = incident()
    wants("incident.opened")
    planning.plan_new(NOW)
    assert Plan.objects.count() == 1
    found.closed_at = NOW
    found.save()
    firing.fire(NOW)
    assert told() == []


def test_only_the_object_that_was_asked_for_and_what_belongs_to_it_is_told():
    site = make.site()
    mine = incident(equipment=make.equipment(kind="ap", site=site))
    incident()
    for event in ("incident.opened", "incident.still_open"):
        wants(event, about=site)
    for_long()
    assert told() == [mine, mine]


def test_tags_and_what_was_asked_for_hold_for_what_is_true_now():
    vip = incident(equipment=make.equipment(tags="vip"), customers_behind=9)
    incident(equipment=make.equipment(tags="vip"), customers_behind=2)
    incident(customers_behind=9)
    wants("incident.opened", tags_in=["vip"], asked={"at_least": 5})
    for_long()
    assert told() == [vip]


def test_an_edited_subscription_tells_what_is_true_by_its_new_terms():
    by = make.user("administrator")
    row = wants("incident.still_open", asked={"minutes": 600, "at_least": 5})
    found = incident()
    for_long()
    assert told() == [found]
    Notice.objects.all().delete()
    actions.change(row, by, asked={"minutes": 60, "at_least": 5})
    Notice.objects.all().delete()  # that it was changed
    for_long()
    assert told() == [found]


def test_a_save_that_was_in_flight_is_told_by_the_second_look_and_no_other_twice():
    first = incident()
    row = wants("outage.still_open")
    seen, late = outage(), None
    job()
    row.refresh_from_db()
    assert (row.planned, told()) == (planning.ONCE, [seen])
    late = Outage(equipment=make.equipment(), started_at=NOW - 5 * HOUR, opened_at=NOW, opened_by={})
    Outage.objects.quietly().bulk_create([late])
    job(NOW + planning.AGAIN)
    assert told() == [seen, Outage.objects.latest("pk")]
    assert first.closed_at is None


def test_new_tags_tell_nobody_what_has_been_true_for_long():
    site = make.site()
    incident(equipment=make.equipment(kind="ap", site=site))
    wants("incident.still_open", tags_in=["vip"])
    for_long()
    site.tags.add("vip")
    for_long()
    assert told() == []


def test_to_ask_costs_one_small_question_while_nobody_is_new(django_assert_num_queries):
    wants("incident.opened")
    for_long()
    interest.anybody()
    with django_assert_num_queries(1):
        assert not planning.unplanned(NOW + timedelta(days=2))


def test_a_change_that_makes_it_true_late_is_told_at_once():
    wants("incident.still_open", now_too=False, asked={"minutes": 60, "at_least": 5})
    small = incident(NOW, equipment=make.equipment(kind="cpe"), customers_behind=3)
    later = NOW + 2 * HOUR
    with time_machine.travel(later, tick=False):
        firing.fire(later)
        assert told() == []
        small.customers_behind = 6
        small.save()
        firing.fire(later)
        assert told() == [small]
        small.save()
        firing.fire(later)
    assert told() == [small]
