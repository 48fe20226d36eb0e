"""Acknowledging: what it marks, what it cancels, and the signed link and the push button by which it is done."""

import json
from datetime import timedelta

import pytest
import time_machine

from notifications import acknowledging
from notifications.channels import webhook, webpush
from notifications.delivery import leases, tries
from notifications.models import Delivery, Notice, Subscription, Topic
from outages import actions, incidents
from outages.models import Incident, IncidentNote
from tests import make
from tests.notifications.duty.making import NOW, told

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


@pytest.fixture(autouse=True)
def _noon(settings):
    settings.EMAIL_READY = True
    with time_machine.travel(NOW, tick=False):
        yield


def incident(**fields):
    return Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=NOW, **fields)


def states(notice):
    return {row.address.channel: row.state for row in notice.deliveries.select_related("address")}


# What it does


def test_it_marks_the_notice_and_what_else_this_person_was_told_of_the_same():
    ada, ben, thing = make.user(), make.user(), make.equipment()
    first, second, other = told(ada, thing), told(ada, thing), told(ada)
    theirs = told(ben, thing)
    assert acknowledging.acknowledge(first, ada, LATER)
    assert not acknowledging.acknowledge(first, ada, LATER)
    rows = {one.pk: (one.acked_at, one.acked_by, one.read_at) for one in Notice.objects.select_related("acked_by")}
    assert rows[first.pk] == rows[second.pk] == (LATER, ada, LATER)
    assert rows[other.pk] == (None, None, None)
    assert rows[theirs.pk] == (LATER, ada, None)


def test_it_ends_everybodys_escalations_about_the_object_and_no_others():
    ada, ben, thing = make.user(name="Ada"), make.user(), make.equipment()
    mine, theirs, other = told(ada, thing), told(ben, thing), told(ben)
    acknowledging.acknowledge(mine, ada, LATER)
    for one in (mine, theirs, other):
        one.refresh_from_db()
    assert (mine.escalate_at, theirs.escalate_at, other.escalate_at is None) == (None, None, False)
    assert [step.text for step in theirs.steps.all()] == ["Ada acknowledged it"]
    assert Topic.objects.filter(pk=f"inbox:{ben.pk}").exists()


def test_what_still_waits_to_make_a_noise_is_not_sent_to_this_person_and_goes_on_to_others():
    ada, ben, thing = make.user(), make.user(), make.equipment()
    mine, theirs = told(ada, thing), told(ben, thing)
    acknowledging.acknowledge(mine, ada, LATER)
    assert states(mine) == {"inbox": "waiting", "email": "withdrawn"}
    assert states(theirs) == {"inbox": "waiting", "email": "waiting"}


def test_what_was_sent_stays_and_that_all_is_well_again_is_still_told():
    ada, thing = make.user(), make.equipment()
    down, up = told(ada, thing), told(ada, thing, after=None, tone="up")
    Delivery.objects.filter(notice=down, address__channel="email").update(state="done")
    acknowledging.acknowledge(down, ada, LATER)
    assert states(down)["email"] == "done"
    assert states(up)["email"] == "waiting"


def test_a_delivery_in_hand_is_not_begun_any_more():
    ada = make.user()
    notice = told(ada)
    (delivery,) = leases.claim(NOW, 1, "email")
    acknowledging.acknowledge(notice, ada, LATER)
    tries.attempt(delivery)
    assert not delivery.attempts.exists()


def test_what_was_snoozed_is_acknowledged_and_comes_back_read():
    ada = make.user()
    notice = told(ada, snoozed_until=NOW + timedelta(days=1))
    Notice.objects.filter(pk=notice.pk).update(due_at=NOW + timedelta(days=1))
    assert acknowledging.acknowledge(notice, ada, LATER)
    notice.refresh_from_db()
    assert (notice.acked_at, notice.snoozed_until, notice.due_at) == (LATER, None, LATER)


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({"tone": "down", "after": None}, True),
        ({"tone": "plain", "after": 5}, True),
        ({"tone": "plain", "after": None}, False),
        ({"tone": "up", "after": None}, False),
        ({"tone": "down", "after": 5, "acked_at": NOW}, False),
        ({"tone": "down", "after": 5, "withdrawn_at": NOW}, False),
    ],
)
def test_it_is_offered_where_it_is_worth_it(fields, offered):
    notice = told(make.user(), **fields)
    assert acknowledging.is_offered(notice) is offered
    assert bool(acknowledging.link(notice)) is offered
    assert ("acknowledge" in json.loads(webpush.payload(notice))) is offered
    assert ("acknowledge" in webhook.payload(notice)["data"]) is offered


# The incident


def test_the_incident_becomes_acknowledged_by_who_may():
    ada, manager = make.user("technician", name="Ada"), make.user("manager")
    for person, state, by in ((ada, "acknowledged", ada), (manager, "new", None)):
        one = incident()
        assert acknowledging.acknowledge(told(person, one), person, LATER)
        one.refresh_from_db()
        assert (one.state, one.owner) == (state, by)
    assert IncidentNote.objects.get(text="Acknowledged from the notice").by == ada


def test_acknowledging_by_a_notice_tells_the_others_and_not_who_did_it():
    ada, ben, one = make.user(), make.user(), incident()
    for person in (ada, ben):
        Subscription.objects.create(event="incident.changed", recipient_kind="user", recipient_key=str(person.pk))
    acknowledging.acknowledge(told(ada, one), ada, LATER)
    assert Notice.objects.to(ben).filter(event="incident.changed").count() == 1
    assert not Notice.objects.to(ada).filter(event="incident.changed").exists()


@pytest.mark.parametrize("state", ["acknowledged", "working"])
def test_work_on_the_incidents_own_page_ends_the_escalations(state):
    ada, one = make.user(name="Ada"), incident()
    notice = told(make.user(), one)
    actions.work(one, {"sentence": "We are looking."}, ada, LATER)
    notice.refresh_from_db()
    assert notice.escalate_at is not None
    actions.work(one, {"state": state}, ada, LATER)
    notice.refresh_from_db()
    assert (notice.escalate_at, notice.acked_at, notice.acked_by, notice.read_at) == (None, LATER, ada, None)
    assert [step.text for step in notice.steps.all()] == ["Ada acknowledged it"]


def test_the_end_of_the_incident_ends_the_escalations_also_of_its_outages():
    one = incident()
    outage = one.outages.create(equipment=one.equipment, started_at=NOW, opened_at=NOW, opened_by={})
    notices = [told(make.user(), one), told(make.user(), outage)]
    incidents.close(one, LATER, LATER)
    for notice in notices:
        notice.refresh_from_db()
        assert notice.escalate_at is None
        assert [step.text for step in notice.steps.all()] == ["It is over"]


def test_an_incident_that_is_over_is_acknowledged_as_a_notice_alone():
    ada, one = make.user(), incident(closed_at=NOW, state="resolved")
    assert acknowledging.acknowledge(told(ada, one), ada, LATER)
    one.refresh_from_db()
    assert (one.state, one.owner) == ("resolved", None)
