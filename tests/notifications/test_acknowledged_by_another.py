"""What one of us acknowledged: everybody's inbox says by whom and when, and asks nobody any more."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from notifications import acknowledging
from notifications.models import Notice, Topic
from outages.models import Incident
from tests import make
from tests.asked import asked
from tests.notifications.duty.making import NOW, told

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


@pytest.fixture(autouse=True)
def _later():
    with time_machine.travel(LATER + timedelta(minutes=1), tick=False):
        yield


@pytest.fixture
def ada(engineer):
    engineer.user.name = "Ada Byron"
    engineer.user.save()
    return engineer.user


def incident():
    return Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=NOW)


def outage(one):
    return one.outages.create(equipment=make.equipment(), started_at=NOW, opened_at=NOW, opened_by={})


def by_notice(one, ada, engineer):
    acknowledging.acknowledge(told(ada, one), ada, LATER)


def by_notice_of_an_outage(one, ada, engineer):
    acknowledging.acknowledge(told(ada, outage(one)), ada, LATER)


def on_its_page(one, ada, engineer):
    with time_machine.travel(LATER, tick=False):
        engineer.post(reverse("incident_acknowledge", args=[one.pk]))


def by_setting_its_state(one, ada, engineer):
    with time_machine.travel(LATER, tick=False):
        engineer.post(reverse("incident_work", args=[one.pk]), {"state": "working", "owner": ada.pk})


WAYS = [by_notice, by_notice_of_an_outage, on_its_page, by_setting_its_state]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", [None, 5])
def test_the_others_see_by_whom_and_when_and_are_not_asked(office, engineer, ada, way, after):
    one = incident()
    told(office.user, one, after=after), told(office.user, outage(one), after=after)
    assert "Acknowledge<" in office.get(reverse("inbox")).text
    way(one, ada, engineer)
    answer = office.get(reverse("inbox"))
    (matter,) = answer.context["matters"]
    assert (matter.to_acknowledge, matter.unread) == (None, 2)
    assert "acknowledged by Ada Byron" in answer.text and "Acknowledge<" not in answer.text
    assert {(row.acked_by, row.acked_at) for row in Notice.objects.to(office.user)} == {(ada, LATER)}
    assert Topic.objects.filter(pk=f"inbox:{office.user.pk}").exists()


@pytest.mark.parametrize("way", WAYS)
def test_what_is_told_later_is_offered_again(office, engineer, ada, way):
    one = incident()
    told(office.user, one)
    way(one, ada, engineer)
    late = told(office.user, outage(one), now=LATER + timedelta(seconds=30))
    other = told(office.user, incident())
    matters = office.get(reverse("inbox")).context["matters"]
    assert {matter.to_acknowledge for matter in matters} == {late, other}


def test_what_is_well_again_withdrawn_or_told_to_a_customer_is_not_marked(ada):
    one = incident()
    others = make.user()
    told(others, one, after=None, tone="up"), told(others, one, after=None, tone="plain")
    told(others, one, withdrawn_at=NOW)
    told(make.contact(make.customer()), one)
    assert acknowledging.acknowledge(told(ada, one), ada, LATER)
    assert Notice.objects.get(acked_at__isnull=False).recipient == ada


def test_who_acknowledged_it_later_is_still_whoever_was_first(ada):
    ben, one = make.user(), incident()
    mine, theirs = told(ada, one), told(ben, one)
    assert acknowledging.acknowledge(mine, ada, LATER)
    assert not acknowledging.acknowledge(theirs, ben, LATER + timedelta(minutes=1))
    theirs.refresh_from_db()
    assert (theirs.acked_by, theirs.acked_at) == (ada, LATER)


def test_the_inbox_costs_the_same_however_many_matters_others_acknowledged(office, ada):
    def some(number):
        for _ in range(number):
            one = incident()
            told(office.user, one)
            acknowledging.acknowledge(told(ada, one), ada, LATER)

    some(2)
    few = asked(office, reverse("inbox"))
    some(6)
    assert len(asked(office, reverse("inbox"))) == len(few)
