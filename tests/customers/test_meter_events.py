"""A meter that passes multiples of a number is told of once each time; machines may write down what it says."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from config import tokens
from customers.meters import actions
from customers.models import MeterReading
from notifications.models import Notice, Subscription
from tests import make

pytestmark = pytest.mark.django_db
EVENT = "equipment.meter_multiple"


@pytest.fixture
def radio(db):
    return make.equipment("genset-1")


@pytest.fixture
def wish(db):
    return Subscription.objects.create(event=EVENT, recipient_kind="user", recipient_key=str(make.user().pk))


def told():
    return list(Notice.objects.order_by("pk").values_list("text", flat=True))


def test_each_thousand_is_told_once(wish, radio):
    make.reading(radio, 990)
    make.reading(radio, "999.9")
    assert told() == []
    make.reading(radio, 1000)
    make.reading(radio, 1001)
    make.reading(radio, 1999)
    assert told() == ["The meter of genset-1 says 1,000 h"]
    make.reading(radio, 5123)
    assert told()[1:] == ["The meter of genset-1 says 5,123 h"]


def test_another_number_may_be_asked_for(wish, radio):
    wish.asked = {"every": 250}
    wish.save()
    for value in (0, 249, 251, 499, 500):
        make.reading(radio, value)
    assert [text.split()[-2] for text in told()] == ["251", "500"]


def test_a_new_meter_tells_nothing_when_it_begins_and_its_own_multiples_again(wish, radio):
    make.reading(radio, 900)
    make.reading(radio, 1000)
    make.reading(radio, 0, replaced=True)
    assert len(told()) == 1
    make.reading(radio, 1000)
    assert len(told()) == 2


def test_a_mistake_that_was_taken_back_and_a_reading_that_comes_late_tell_nothing_more(wish, radio):
    now = timezone.now()
    make.reading(radio, 900, read_at=now - timezone.timedelta(days=3))
    make.reading(radio, 950, read_at=now - timezone.timedelta(days=1))
    wrong = make.reading(radio, 9500)
    assert len(told()) == 1
    actions.take_back(wrong)
    make.reading(radio, 920, read_at=now - timezone.timedelta(days=2))
    make.reading(radio, 960)
    assert len(told()) == 1


def test_archived_equipment_tells_nothing(wish, radio):
    make.reading(radio, 900)
    radio.refresh_from_db()
    radio.archived_at = timezone.now()
    radio.save()
    make.reading(radio, 1100)
    assert told() == []


def test_what_is_so_already_has_the_marks_by_which_it_was_told(radio):
    from notifications.event import declared

    event = declared()[EVENT]
    make.reading(radio, 900)
    radio.refresh_from_db()
    before = type(radio).objects.get()
    assert list(event.holds(before, event.asked({}))) == []
    make.reading(radio, "1234.5")
    after = type(radio).objects.get()
    assert [due.marks for due in event.holds(after, event.asked({}))] == [
        event.when(before, after, event.asked({})).marks
    ]


@pytest.fixture
def machine(technician):
    client = Client(headers={"Authorization": f"Token {tokens.make(technician.user, 'genset', 'write', 365)}"})
    client.user = technician.user
    return client


def post(client, **body):
    return client.post("/api/v1/meter-readings/", body, content_type="application/json")


def test_a_machine_writes_down_what_its_meter_says(machine, radio, wish):
    answer = post(machine, equipment=radio.pk, value=999.99, unit="h")
    assert answer.status_code == 201
    said = answer.json()
    assert (said["value"], said["unit"], said["by"], said["equipment"]) == (999.9, "h", machine.user.pk, radio.pk)
    assert post(machine, equipment=radio.pk, value=1000).status_code == 201
    assert told() == ["The meter of genset-1 says 1,000 h"]
    listed = machine.get("/api/v1/meter-readings/", {"equipment": radio.pk}).json()["results"]
    assert [one["value"] for one in listed] == [1000, 999.9]
    assert machine.get(f"/api/v1/equipment/{radio.pk}/").json()["meter"] == 1000


def test_a_machine_that_heard_no_answer_may_send_the_same_again(machine, radio):
    body = {"equipment": radio.pk, "value": 5, "unit": "GB", "read_at": "2026-03-01T10:00:00Z"}
    first, again = post(machine, **body), post(machine, **body)
    assert first.json() == again.json() and MeterReading.objects.count() == 1
    other = post(machine, **body | {"value": 6})
    assert other.status_code == 400 and list(other.json()["fields"]) == ["read_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"value": 4}, "value"), ({"value": -1}, "value"), ({"value": "x"}, "value"), ({"value": 1e300}, "value"),
        ({"value": 20, "unit": "GB"}, "unit"), ({"value": 20, "unit": "km"}, "unit"),
        ({"value": 20, "by": 1, "x": 1}, "x"),
        ({"value": 20, "read_at": "2999-01-01T00:00:00Z"}, "read_at"), ({"value": 20, "equipment": 10**9}, "equipment"),
        ({}, "value"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field(machine, radio, body, field):
    make.reading(radio, 10, "h")
    answer = post(machine, **{"equipment": radio.pk} | body)
    assert answer.status_code == 400 and list(answer.json()["fields"]) == [field]
    assert MeterReading.objects.count() == 1


def test_a_new_meter_is_said_so(machine, radio):
    make.reading(radio, 10, "h")
    assert post(machine, equipment=radio.pk, value=1, replaced=True).status_code == 201
    radio.refresh_from_db()
    assert radio.meter == Decimal(1)


def test_who_may_do_what(machine, manager, stranger, office, radio):
    found = make.reading(radio, 10, by=machine.user)
    for client in (office, manager):
        client.defaults["HTTP_AUTHORIZATION"] = f"Token {tokens.make(client.user, 'test', 'write', 7)}"
    one = f"/api/v1/meter-readings/{found.pk}/"
    assert stranger.get(one).status_code == 401 == post(stranger, equipment=radio.pk, value=11).status_code
    assert manager.get(one).status_code == 200
    assert post(manager, equipment=radio.pk, value=11).status_code == 403 == manager.delete(one).status_code
    assert office.delete(one).status_code == 404
    assert machine.patch(one, {"value": 3}, content_type="application/json").status_code == 405
    assert MeterReading.objects.count() == 1
    assert machine.delete(one).status_code == 204
    assert not MeterReading.objects.exists()
