"""What is planned and told stays right while somebody edits, deletes, tags or unsubscribes beside it."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import F

from notifications import actions, duplicates, extending, firing, planning, plans, recipients
from notifications.delivery import leaving
from notifications.models import Address, Delivery, Notice, Plan, Subscription
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STILL = "incident.still_open"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def wants(event, person=None, kind="user", key="", **fields):
    key = key or str((person or make.user()).pk)
    return Subscription.objects.create(event=event, recipient_kind=kind, recipient_key=key, **fields)


def incident(**fields):
    return Incident.objects.create(**{"equipment": make.equipment(kind="ap"), "opened_at": NOW} | fields)


def told(event=STILL):
    return Notice.objects.filter(event=event)


def work(clock, at):
    clock.move_to(at)
    planning.plan_new(at)
    firing.fire(at)


@pytest.fixture
def put_off(clock, engineer):
    """A plan for an open incident that the engineer has put off by a day."""
    wants(STILL, engineer.user, asked={"minutes": 60})
    incident()
    for later in (timedelta(0), planning.AGAIN):
        planning.plan_new(NOW + later)
    extending.extend(Plan.objects.get(), engineer.user, DAY, "the part comes tomorrow", NOW)
    return Plan.objects.get()


@pytest.mark.parametrize("terms", [{"channels": ["inbox"]}, {"tags_out": ["nothing"]}])
@pytest.mark.parametrize("after", [timedelta(minutes=50), timedelta(minutes=70)])
def test_what_was_put_off_outlives_that_the_subscription_is_edited(clock, put_off, terms, after):
    clock.move_to(NOW + after)
    actions.change(put_off.subscription, put_off.extended_by, **terms)
    for later in (after, 2 * HOUR):
        work(clock, NOW + later)
    assert not told().exists()
    assert Plan.objects.get().extended_why
    work(clock, NOW + DAY + HOUR)
    assert told().count() == 1


def test_what_waits_for_readings_after_a_start_outlives_that_the_subscription_is_edited(clock):
    row = wants(STILL, asked={"minutes": 60})
    incident()
    planning.plan_new(NOW)
    start = NOW + DAY
    clock.move_to(start)
    plans.hold(start)
    actions.change(row, make.user(), tags_out=["nothing"])
    work(clock, start + timedelta(seconds=30))
    assert not told().exists()
    work(clock, start + plans.GRACE)
    assert told().count() == 1


def test_who_is_meant_by_two_subscriptions_hears_once_of_both_reasons_however_many_things_are_due(engineer):
    for _ in range(150):
        incident()
    role = wants(STILL, kind="role", key="engineer", asked={"minutes": 60})
    own = wants(STILL, engineer.user, asked={"minutes": 60}, escalate_after=5)
    planning.plan_new(NOW)
    assert Plan.objects.count() == 300
    firing.fire(NOW + HOUR)
    assert not Plan.objects.exists()
    mine = told().filter(recipient_id=engineer.user.pk)
    assert {tuple(sorted(why)) for why in mine.values_list("why", flat=True)} == {(role.pk, own.pk)}
    assert mine.exclude(escalate_at=None).count() == 150
    assert not duplicates.Duplicates.objects.exists()


def test_by_another_time_zone_of_the_house_a_day_begins_at_another_time(clock):
    from config import options

    wants("equipment.warranty_expiring", asked={"days": [7]})
    make.equipment(warranty_until=date(2026, 6, 1))
    planning.plan_new(NOW)
    assert Plan.objects.get().due_at == datetime(2026, 5, 25, tzinfo=UTC)
    options.change(time_zone="America/Los_Angeles")
    planning.plan_all(NOW)
    options.change(time_zone="UTC")
    assert Plan.objects.get().due_at == datetime(2026, 5, 25, 7, tzinfo=UTC)


def test_what_is_deleted_twice_is_deleted_once():
    wants("site.deleted")
    first = make.site("Tower")
    second = type(first).objects.get(pk=first.pk)
    first.delete()
    assert second.delete()[0] == 0
    assert Notice.objects.filter(event="site.deleted").count() == 1


def test_a_tag_plans_by_the_row_as_it_is_not_as_it_was_read():
    wants("equipment.warranty_expiring", asked={"days": [7]})
    planning.plan_new(NOW)
    radio = make.equipment(warranty_until=date(2026, 6, 1))
    read_before = type(radio).objects.get(pk=radio.pk)
    radio.warranty_until = date(2026, 8, 1)
    radio.save()
    read_before.tags.add("roof")
    read_before.warranty_until = None
    read_before.tags.add("north")
    assert Plan.objects.get().due_at.date() == date(2026, 7, 25)


def test_a_threshold_is_seen_where_the_database_does_the_sum():
    wants("equipment.meter_multiple", asked={"every": 1000})
    radio = make.equipment(meter=995)
    radio.meter = F("meter") + 10
    radio.save()
    assert Notice.objects.filter(event="equipment.meter_multiple").count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_unsubscribes_undoes_nobodys_save():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    row = wants(STILL, asked={"minutes": 60})
    with transaction.atomic():
        incident()
        beside(lambda: actions.unsubscribe(row, make.user()))
    assert Incident.objects.count() == 1
    firing.fire(NOW + HOUR)
    assert not told().exists() and not Plan.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_removes_an_address_undoes_nobodys_save(settings):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    settings.EMAIL_READY, person = True, make.user()
    wants("incident.opened", person)
    recipients.addresses([person])
    address = Address.objects.of(person).get(channel="email")
    with transaction.atomic():
        incident()
        waiting = threading.Thread(target=closing, args=[lambda: leaving.remove(address)])
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(10)
    assert Incident.objects.count() == 1
    assert not Address.objects.filter(pk=address.pk).exists()
    assert {(one.channel, one.state) for one in Delivery.objects.all()} == {
        ("inbox", "waiting"),
        ("email", "withdrawn"),
    }


def closing(work):
    try:
        work()
    finally:
        connection.close()


def beside(work):
    """Do it in another connection, to its end."""
    thread = threading.Thread(target=closing, args=[work])
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
