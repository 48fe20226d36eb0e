"""Who is told of what: own acts, the involved, personal events; and what several subscriptions of one add up to."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications import audit, firing, planning
from notifications.models import Address, Delivery, Notice, Subscription
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def wants(person, event="incident.opened", **fields):
    to = {"recipient_kind": "user", "recipient_key": str(person.pk)}
    return Subscription.objects.create(**({"event": event} | to | fields))


def role_wants(role, event="incident.opened", **fields):
    return Subscription.objects.create(event=event, recipient_kind="role", recipient_key=role, **fields)


def incident(**fields):
    return Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=NOW, **fields)


def told():
    return {notice.recipient for notice in Notice.objects.all()}


def test_who_did_it_is_not_told_but_where_they_asked_for_that():
    actor, other, curious = (make.user("manager") for _ in range(3))
    for person in (actor, other):
        wants(person)
    wants(curious, own_acts=True)
    with audit.acting(actor):
        incident()
    assert told() == {other, curious}
    Notice.objects.all().delete()
    with audit.acting(curious):
        incident()
    assert told() == {actor, other, curious}


def test_one_subscription_that_asks_for_own_acts_is_enough_and_is_the_only_reason():
    actor = make.user("engineer")
    role_wants("engineer")
    own = wants(actor, own_acts=True)
    with audit.acting(actor):
        incident()
    assert Notice.objects.get().why == [own.pk]


def test_what_waited_is_told_to_who_armed_it():
    actor = make.user()
    wants(actor, "incident.still_open", asked={"minutes": 60})
    with audit.acting(actor):
        incident()
    planning.plan_all(NOW)
    firing.fire(datetime.now(tz=UTC) + timedelta(hours=2))
    firing.fire(NOW + timedelta(days=3650))
    assert told() <= {actor}


def test_only_the_involved_of_a_role_are_told_where_that_was_asked_for():
    owner, _other = make.user("engineer"), make.user("engineer")
    role_wants("engineer", "incident.changed", involved=True)
    found = incident(owner=owner)
    found.sentence, found.changed_at = "A truck is on its way.", NOW
    found.save()
    assert told() == {owner}


def test_a_personal_event_is_told_to_nobody_but_those_it_is_about():
    from customers.models import Reminder

    mine, maker, _other = (make.user("manager") for _ in range(3))
    role_wants("manager", "reminder.created")
    with audit.acting(maker):
        Reminder.objects.create(text="Ring back", due_at=NOW, user=mine, created_by=maker)
    assert told() == {mine}


def test_what_three_subscriptions_ask_for_adds_up_in_one_notice():
    person = make.user("engineer", email="eve@example.net")
    rows = [
        wants(person, channels=["email"], escalate_after=30),
        role_wants("engineer", channels=["inbox"], escalate_after=10),
        role_wants("engineer", channels=["inbox"], about=(site := make.site())),
    ]
    found = Incident.objects.create(equipment=make.equipment(kind="ap", site=site), opened_at=NOW)
    notice = Notice.objects.get()
    assert set(notice.why) == {row.pk for row in rows}
    assert (notice.about, notice.escalate_after) == (found, 10)
    assert notice.escalate_at == notice.due_at + timedelta(minutes=10)
    by_channel = {delivery.address.channel for delivery in Delivery.objects.filter(notice=notice)}
    assert by_channel == {address.channel for address in Address.objects.filter(channel__in=["inbox", "email"])}


def test_without_a_time_to_escalate_none_is_set():
    wants(make.user())
    incident()
    notice = Notice.objects.get()
    assert (notice.escalate_after, notice.escalate_at) == (None, None)
