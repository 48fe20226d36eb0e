"""The invented ISP's own notes: warranties, meters and reminders, so that no page of it is empty."""

import pytest
from django.urls import reverse
from django.utils import timezone

from config import demo, options
from config.models import User
from customers.models import Equipment, MeterReading, Reminder
from notifications import outbox
from notifications.models import Notice
from tests import make
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forget_options():
    options.cache.clear()
    yield
    options.cache.clear()


def test_no_page_of_the_demo_is_empty(db):
    demo.make()
    radio = Equipment.objects.filter(kind="ptp").first()
    assert radio.warranty_until and radio.meter == radio.meter_readings.newest_first().first().value
    days = [(one.warranty_until - timezone.localdate()).days for one in Equipment.objects.exclude(kind="cpe")]
    assert min(days) < 0 < max(days) and any(0 < day <= 30 for day in days)
    assert not Equipment.objects.filter(kind="cpe").exclude(meter=None, warranty_until=None).exists()
    assert Reminder.objects.open().count() == 4 and Reminder.objects.exclude(done_at=None).count() == 1
    technician = signed_in("technician")
    technician.force_login(
        User.objects.get(email=f"technician{demo.AT_DEMO}"), "allauth.account.auth_backends.AuthenticationBackend"
    )
    assert "long ladder" in technician.get(reverse("reminders")).text
    for value, unit in radio.meter_readings.values_list("value", "equipment__meter_unit"):
        assert value > 0 and unit == "GB"


def test_clearing_it_takes_all_of_that_away_and_leaves_what_is_the_staffs(db):
    demo.make()
    user = make.user("office")
    own = make.reading(make.equipment("ours"), 5)
    mine = make.reminder(user, "Mine")
    reminder = Reminder.objects.open().first()
    outbox.tell([user], "It is time", "/", reminder, timezone.now())
    demo.clear()
    assert list(MeterReading.objects.all()) == [own] and list(Reminder.objects.all()) == [mine]
    assert not Notice.objects.exists()


def test_loaded_beside_staff_of_another_house_it_reminds_nobody(administrator):
    demo.load(customers=20)
    assert MeterReading.objects.exists() and not Reminder.objects.exists()
