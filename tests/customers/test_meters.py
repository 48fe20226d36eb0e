"""What meters say: written down, judged against what they said before, taken back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.meters import actions
from customers.models import Equipment, MeterReading
from tests import make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def radio(db):
    return make.equipment("genset-1")


def says(radio):
    radio.refresh_from_db()
    return radio.meter, radio.meter_unit, radio.meter_at


def enter(client, radio, value, **fields):
    return client.post(reverse("meter", args=[radio.pk]), {"value": value, **fields})


def errors(answer):
    assert answer.status_code == 200
    return answer.context["form"].errors


def test_the_first_reading_says_what_is_counted_and_the_equipment_has_the_newest(technician, radio):
    assert enter(technician, radio, "1234.56", unit="h", note="at the gate").url == radio.get_absolute_url()
    found = MeterReading.objects.get()
    assert (found.value, found.by, found.note, found.replaced) == (
        Decimal("1234.5"),
        technician.user,
        "at the gate",
        False,
    )
    assert says(radio) == (Decimal("1234.5"), "h", found.read_at)
    assert "1,234.5 h" in technician.get(radio.get_absolute_url()).text


def test_from_the_equipments_page_a_number_is_enough(technician, radio):
    make.reading(radio, 10, "GB")
    page = technician.get(radio.get_absolute_url()).text
    assert f'action="{reverse("meter", args=[radio.pk])}"' in page and "Reading in gigabytes" in page
    assert enter(technician, radio, "12").status_code == 302
    assert says(radio)[:2] == (12, "GB")


@pytest.mark.parametrize(
    ("value", "more", "field"),
    [
        ("", {}, "value"), ("-1", {}, "value"), ("many", {}, "value"), ("NaN", {}, "value"), ("Infinity", {}, "value"),
        ("999999999999", {}, "value"), ("1e400", {}, "value"), ("5", {"unit": ""}, "unit"),
        ("5", {"unit": "km"}, "unit"),
        ("5", {"read_at": "2999-01-01T00:00"}, "read_at"),
        ("5", {"read_at": "0001-01-01T00:00"}, "read_at"),
        ("5", {"read_at": "9999-12-31T23:59"}, "read_at"),
        ("5", {"note": "x" * 201}, "note"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field_and_changes_nothing(technician, radio, value, more, field):
    answer = enter(technician, radio, value, **{"unit": "h"} | more)
    assert list(errors(answer)) == [field]
    assert answer.context["form"]["value"].value() == value
    assert not MeterReading.objects.exists() and says(radio) == (None, "", None)


def test_a_lower_value_is_refused_unless_the_meter_was_replaced(technician, radio):
    make.reading(radio, 5000)
    assert "It said 5,000 h already" in str(errors(enter(technician, radio, "4999.9"))["value"])
    assert enter(technician, radio, "5000").status_code == 302
    assert enter(technician, radio, "3", replaced="on").status_code == 302
    assert says(radio)[0] == 3
    assert enter(technician, radio, "4").status_code == 302
    assert "New meter" in technician.get(reverse("meter", args=[radio.pk])).text


def test_a_number_far_above_the_last_one_is_asked_back_once(technician, radio):
    make.reading(radio, 1200)
    page = enter(technician, radio, "120000")
    assert "far above 1,200 h" in str(errors(page)["value"])
    assert '<input type="checkbox" name="sure"' in page.text
    assert says(radio)[0] == 1200
    assert "far above" not in enter(technician, radio, "1199").text
    assert enter(technician, radio, "120000", sure="on").status_code == 302
    assert says(radio)[0] == 120_000


def test_what_a_new_meter_or_a_young_one_says_is_not_asked_back(technician, radio):
    make.reading(radio, 3)
    assert enter(technician, radio, "10003").status_code == 302
    assert enter(technician, radio, "999999", replaced="on").status_code == 302


def test_another_unit_than_the_meters_is_refused(technician, radio):
    make.reading(radio, 5000, "h")
    assert "counts hours" in str(errors(enter(technician, radio, "5001", unit="GB"))["unit"])


def test_what_was_read_before_comes_in_late_and_the_newest_stays(technician, radio):
    now = timezone.now()
    make.reading(radio, 100, read_at=now - 9 * DAY)
    make.reading(radio, 300, read_at=now - DAY)
    at = (timezone.localtime(now) - 5 * DAY).strftime("%Y-%m-%dT%H:%M")
    assert "Later it said only 300 h" in str(errors(enter(technician, radio, "301", read_at=at))["value"])
    assert "It said 100 h already" in str(errors(enter(technician, radio, "99", read_at=at))["value"])
    assert enter(technician, radio, "200", read_at=at).status_code == 302
    assert says(radio) == (300, "h", now - DAY)
    assert [one.value for one in MeterReading.objects.all()] == [300, 200, 100]


def test_between_an_old_meter_and_a_new_one_each_side_has_its_own_bounds(radio):
    now = timezone.now()
    make.reading(radio, 5000, read_at=now - 9 * DAY)
    make.reading(radio, 3, read_at=now - DAY, replaced=True)
    make.reading(radio, 6000, read_at=now - 5 * DAY)
    with pytest.raises(actions.Refused, match="backwards"):
        make.reading(radio, 4, read_at=now - 2 * DAY)
    assert says(radio)[0] == 3


def test_the_same_reading_twice_is_one_and_another_at_that_time_is_refused(radio):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    first = make.reading(radio, 7, read_at=now)
    assert make.reading(radio, 7, read_at=now) == first
    with pytest.raises(actions.Refused, match="7 h already"):
        make.reading(radio, 8, read_at=now)
    assert MeterReading.objects.count() == 1


def test_a_mistake_is_taken_back_by_who_made_it_and_by_who_may_change_the_network(technician, engineer, office, radio):
    make.reading(radio, 10, by=technician.user)
    wrong = make.reading(radio, 50_000, by=technician.user)
    address = reverse("meter_reading_take_back", args=[wrong.pk])
    assert office.get(address).status_code == 404 == office.post(address).status_code
    assert "50,000 h" in technician.get(address).text
    assert says(radio)[0] == 50_000
    assert technician.post(address).url == reverse("meter", args=[radio.pk])
    assert says(radio)[0] == 10
    assert engineer.post(reverse("meter_reading_take_back", args=[MeterReading.objects.get().pk])).status_code == 302
    assert says(radio) == (None, "", None)


def test_history_keeps_equipment_from_being_deleted(engineer, radio):
    make.reading(radio, 1)
    assert engineer.post(reverse("equipment_delete", args=[radio.pk])).status_code == 409
    assert Equipment.objects.exists()


def test_who_may_not_write_sees_the_readings_alone(manager, stranger, radio):
    make.reading(radio, 4711)
    page = manager.get(reverse("meter", args=[radio.pk])).text
    assert "4,711 h" in page and "What does it say?" not in page
    assert enter(manager, radio, "5000").status_code == 403
    assert 'name="value"' not in manager.get(radio.get_absolute_url()).text
    for answer in (stranger.get(reverse("meter", args=[radio.pk])), enter(stranger, radio, "5000")):
        assert answer.status_code == 302 and answer.url.startswith(reverse("account_login"))
    assert MeterReading.objects.count() == 1


def test_equipment_without_a_meter_offers_its_first_reading_to_who_may_write_it(technician, manager, radio):
    assert "first reading" in technician.get(radio.get_absolute_url()).text
    assert "first reading" not in manager.get(radio.get_absolute_url()).text
    assert "Never read" in technician.get(reverse("meter", args=[radio.pk])).text


def test_a_long_history_has_pages(technician, radio):
    now = timezone.now()
    rows = (MeterReading(equipment=radio, value=n, read_at=now - (200 - n) * DAY) for n in range(120))
    MeterReading.objects.bulk_create(rows)
    Equipment.objects.quietly().update(meter=119, meter_unit="h", meter_at=now)
    page = technician.get(reverse("meter", args=[radio.pk]), {"page": 3})
    assert [one.value for one in page.context["page_obj"]] == list(range(19, -1, -1))
