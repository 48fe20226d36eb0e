"""Who is involved in an incident: its owner, and who wrote on it; "only if I am involved" means them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Notice, Subscription
from outages import actions
from outages.models import Incident, Outage
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(db):
    return Incident.objects.create(equipment=make.equipment("bh-ridge", kind="ptp"), opened_at=timezone.now())


def wants(user, event, **more):
    return Subscription.objects.create(event=event, recipient_kind="user", recipient_key=str(user.pk), **more)


def told():
    return [str(notice.recipient) for notice in Notice.objects.order_by("pk")]


def test_the_owner_and_who_wrote_a_note_are_and_each_once(incident):
    ada, ben = make.user(name="Ada"), make.user(name="Ben")
    assert incident.involved() == []
    actions.acknowledge(incident, ada, timezone.now())
    actions.say(incident, "A ladder is on its way", ben, timezone.now())
    actions.say(incident, "And a second one", ben, timezone.now())
    incident.refresh_from_db()
    assert incident.involved() == [ada, ben]


def test_who_is_not_involved_is_not_told_where_they_asked_for_that(incident):
    ada, ben, cleo = (make.user(name=name) for name in ("Ada", "Ben", "Cleo"))
    for user in (ada, ben):
        wants(user, "incident.closed", involved=True, asked={"at_least": 1})
    wants(cleo, "incident.closed", asked={"at_least": 1})
    actions.say(incident, "A ladder is on its way", ben, timezone.now())
    incident.closed_at = timezone.now()
    incident.save()
    assert told() == ["Ben", "Cleo"]


def test_an_outage_involves_those_of_its_incident(incident):
    ada = make.user(name="Ada")
    incident.owner = ada
    incident.save()
    at = timezone.now() - timedelta(minutes=5)
    given = {"equipment": incident.equipment, "started_at": at, "opened_at": at, "opened_by": {}}
    part, alone = Outage.objects.create(incident=incident, **given), Outage.objects.create(**given)
    assert (part.involved(), alone.involved()) == ([ada], [])
    wants(ada, "outage.closed", involved=True)
    for outage in (part, alone):
        outage.ended_at = timezone.now()
        outage.save()
    assert told() == ["Ada"]
