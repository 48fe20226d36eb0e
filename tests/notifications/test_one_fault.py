"""A fault of one subscription or of one object keeps nobody else from hearing."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from customers.models import Reminder
from notifications import event, firing, interest, jobs, planning
from notifications.conditions import ahead
from notifications.event import Event
from notifications.models import Notice, Plan, Subscription
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENTS = [
    Event(
        "test.of_thing",
        of="customers.Reminder",
        label="A reminder of a thing",
        plans=ahead("due_at"),
        asks=event.declared()["reminder.imminent"].asks,
        # Of a reminder without a thing there is no text.
        says="{after.thing.name} {after.text}",
    )
]


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=False):
        yield


def forget():
    for found in (event.declared, event.of, event.timed, event.meant, event.concerning, event.through):
        found.cache_clear()
    planning._waiting.cache_clear()
    interest._memory.load()


@pytest.fixture
def fragile(settings):
    """An event whose text fails for some of its objects."""
    settings.EVENTS = [*settings.EVENTS, f"{__name__}.EVENTS"]
    forget()
    yield
    settings.EVENTS = settings.EVENTS[:-1]
    forget()


def wants(event, **asked):
    person = make.user()
    return Subscription.objects.create(
        event=event, recipient_kind="user", recipient_key=str(person.pk), asked=asked, planned=0
    )


def remind(thing=None, text="Look"):
    user = make.user()
    return Reminder.objects.create(text=text, due_at=NOW + HOUR, user=user, created_by=user, thing=thing)


def incident(kind="ap"):
    return Incident.objects.create(equipment=make.equipment(kind=kind), opened_at=NOW - timedelta(minutes=5))


def test_a_subscription_that_cannot_be_planned_stops_neither_others_nor_what_is_due(caplog):
    incident()
    wants("incident.still_open", minutes="soon")
    wants("incident.still_open", minutes=30)
    jobs.fire()
    assert Plan.objects.get().due_at == NOW + timedelta(minutes=25)
    assert "could not be planned" in caplog.text
    with time_machine.travel(NOW + timedelta(minutes=26), tick=False):
        jobs.fire()
        assert Notice.objects.filter(event="incident.still_open").count() == 1
        assert planning.plan_all(NOW) == 2


def test_what_a_night_was_too_short_for_comes_first_in_the_next():
    rows = [wants("incident.still_open", minutes=30) for _ in range(2)]
    for later in (timedelta(0), planning.AGAIN):
        planning.plan_new(NOW + later)
    incident()
    Plan.objects.all().delete()
    for night in (1, 2):
        assert planning.plan_all(NOW + timedelta(days=night), longest=0) == 1
        assert Subscription.objects.filter(planned_at=NOW + timedelta(days=night)).count() == 1
    planned = Subscription.objects.order_by("planned_at").values_list("pk", flat=True)
    assert list(planned) == [row.pk for row in rows]


def test_one_that_failed_is_tried_again_after_the_others():
    incident()
    row = wants("incident.still_open", minutes="soon")
    assert planning.plan_new(NOW) == 1
    assert not planning.unplanned(NOW)
    assert planning.unplanned(NOW + planning.AGAIN)
    Subscription.objects.filter(pk=row.pk).update(asked={"minutes": 30})
    assert planning.plan_new(NOW + planning.AGAIN) == 1
    assert Plan.objects.count() == 1


def test_a_change_is_saved_and_told_to_others_where_one_subscription_cannot_be_judged(caplog):
    for customers in ("many", 0):
        wants("incident.opened", at_least=customers)
    for minutes in ("soon", 30):
        wants("incident.still_open", minutes=minutes, at_least=0)
    found = incident("cpe")
    assert Incident.objects.filter(pk=found.pk).exists()
    assert Notice.objects.filter(event="incident.opened").count() == 1
    assert Plan.objects.count() == 1
    assert "could not be told" in caplog.text and "could not be planned" in caplog.text


def test_a_text_that_cannot_be_written_puts_off_its_own_plan_alone(fragile, caplog):
    wants("test.of_thing", minutes=[0])
    remind()
    for number in range(3):
        remind(make.equipment(name=f"Radio {number}"))
    assert Plan.objects.filter(event="test.of_thing").count() == 4
    assert firing.fire(NOW + HOUR) == 4
    texts = set(Notice.objects.filter(event="test.of_thing").values_list("text", flat=True))
    assert texts == {"Radio 0 Look", "Radio 1 Look", "Radio 2 Look"}
    assert Plan.objects.get().due_at > NOW + HOUR
    assert "could not be told" in caplog.text
