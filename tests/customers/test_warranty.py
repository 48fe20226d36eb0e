"""Warranties: set by the form, a file or the API, shown on the page, and told of before they end."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from config import options, tokens
from customers.models import Equipment
from customers.removal import archive
from notifications import firing, planning
from notifications.models import Notice, Plan, Subscription
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENDS = date(2026, 4, 10)


def wants(person=None, **asked):
    person = person or make.user()
    return Subscription.objects.create(
        event="equipment.warranty_expiring", recipient_kind="user", recipient_key=str(person.pk), asked=asked
    )


def at(moment):
    return time_machine.travel(moment, tick=False)


def edit(client, found, until):
    data = {"name": found.name, "kind": found.kind, "warranty_until": until}
    return client.post(reverse("equipment_edit", args=[found.pk]), data)


@pytest.mark.parametrize("typed", ["2026-04-10", "10 Apr 2026", "10 April 2026", "10.04.2026"])
def test_it_is_set_by_the_form_and_shown_on_the_page(engineer, typed):
    found = make.equipment()
    assert edit(engineer, found, typed).status_code == 302
    assert Equipment.objects.get().warranty_until == ENDS
    with at(NOW):
        assert "until 10 Apr 2026" in engineer.get(found.get_absolute_url()).text
    with at(NOW + timedelta(days=90)):
        assert "ended on 10 Apr 2026" in engineer.get(found.get_absolute_url()).text


@pytest.mark.parametrize("typed", ["03/04/2026", "2026-02-30", "soon", "0001-01-01", "9999-12-31", "2026-04-10T10:00"])
def test_what_is_no_date_or_could_be_two_is_refused_by_its_field_and_kept_as_typed(engineer, typed):
    found = make.equipment(warranty_until=ENDS)
    form = edit(engineer, found, typed).context["form"]
    assert list(form.errors) == ["warranty_until"] and form["warranty_until"].value() == typed
    assert Equipment.objects.get().warranty_until == ENDS


def test_it_goes_out_as_csv_and_comes_in_again(engineer):
    make.equipment("with", warranty_until=ENDS)
    make.equipment("without")
    text = engineer.get(reverse("csv", args=["equipment"])).getvalue().decode()
    assert '"Warranty until"' in text and '"2026-04-10"' in text
    Equipment.objects.quietly().update(warranty_until=None)
    send(engineer, text)
    assert dict(Equipment.objects.values_list("name", "warranty_until")) == {"with": ENDS, "without": None}


def send(client, text):
    """Import a file, and what is wrong with it."""
    answer = client.post(
        reverse("import_send", args=["equipment"]), {"file": SimpleUploadedFile("f.csv", text.encode())}
    )
    page = client.get(answer.url)
    client.post(answer.url + "confirm/", {"leave_out": "1"})
    return page.text


def test_a_file_without_the_column_leaves_it_and_a_bad_cell_is_said_by_its_header(engineer):
    make.equipment("one", warranty_until=ENDS)
    send(engineer, "name,vendor\none,Mimosa\n")
    assert Equipment.objects.values_list("vendor", "warranty_until").get() == ("Mimosa", ENDS)
    assert "Write the date such as 2027-03-31." in send(engineer, "name,warranty expires\none,04/05/2026\n")
    assert Equipment.objects.get().warranty_until == ENDS


def test_the_api_reads_and_writes_it(engineer, client):
    found = make.equipment("one", warranty_until=ENDS)
    client.defaults["HTTP_AUTHORIZATION"] = f"Token {tokens.make(engineer.user, 'test', 'write', 7)}"
    path = f"/api/v1/equipment/{found.pk}/"
    assert client.get(path).json()["warranty_until"] == "2026-04-10"
    answer = client.patch(path, {"warranty_until": "2028-01-31"}, content_type="application/json")
    assert answer.json()["warranty_until"] == "2028-01-31"
    answer = client.patch(path, {"warranty_until": "never"}, content_type="application/json")
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["warranty_until"]
    answer = client.patch(path, {"warranty_until": None}, content_type="application/json")
    assert (answer.json()["warranty_until"], answer.json()["meter"]) == (None, None)


def test_it_is_told_thirty_and_seven_days_before_by_the_clock_of_the_house():
    options.change(time_zone="America/Denver")
    with at(NOW):
        wants()
        found = make.equipment("core-1", warranty_until=ENDS)
        # Midnight in Denver: winter time on 11 March's other side of the change, summer time after it.
        midnight = datetime(2026, 4, 10, 6, 0, tzinfo=UTC)
        dues = sorted(Plan.objects.values_list("due_at", flat=True))
        assert dues == [midnight - timedelta(days=30), midnight - timedelta(days=7)]
    with at(dues[0]):
        firing.fire(dues[0])
        assert Notice.objects.get().text == "The warranty of core-1 ends on 10 Apr 2026"
        found.warranty_until = date(2027, 4, 10)
        found.save()
    assert Plan.objects.count() == 2 and Plan.objects.filter(due_at__gt=datetime(2027, 1, 1, tzinfo=UTC)).count() == 2


def test_a_new_subscription_is_planned_over_the_devices_that_have_one():
    with at(NOW):
        make.equipment("none")
        found = make.equipment("some", warranty_until=ENDS)
        archived = make.equipment("gone", warranty_until=ENDS, archived_at=NOW)
        wants(days=[20, 10, 1])
        planning.plan_new(NOW)
        assert set(Plan.objects.values_list("object_id", flat=True)) == {found.pk} != {archived.pk}
        assert Plan.objects.count() == 3


def test_archived_equipment_tells_nothing():
    with at(NOW):
        wants()
        found = make.equipment(warranty_until=ENDS)
        archive(found, NOW)
        assert not Plan.objects.exists()
