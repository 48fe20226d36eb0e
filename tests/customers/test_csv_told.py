"""An import is quiet, unless whoever imports asks for the others to be told; then each row is told as if saved."""

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications import interest
from notifications.models import Notice, Plan, Subscription
from tests import make
from tests.customers.test_csv_round import sent

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def wants(*events, person=None, **fields):
    to = {"recipient_kind": "user", "recipient_key": str((person or make.user("manager")).pk)}
    for event in events:
        Subscription.objects.create(event=event, **to, **fields)


def confirmed(client, run, **data):
    client.post(reverse("import_confirm", args=[run.pk]), data)
    run.refresh_from_db()
    assert run.state == "done", run.said
    return run


def told():
    return sorted(notice.text for notice in Notice.objects.all())


FILE = "account,given name,family name,phone,tags\n1,Dean,Irvine,555 0199,vip\n2,Ada,Same,,\n3,New,One,,fibre\n"


@pytest.fixture
def there():
    wants("customer.created", "customer.changed", "customer.tagged", "customer.aged")
    make.customer("Dean Irvine", account="1")
    make.customer("Ada Same", account="2")
    Notice.objects.all().delete()
    Plan.objects.all().delete()


def test_nobody_is_told_unless_that_is_asked_for(there, office):
    run = sent(office, "customers", FILE)
    assert "Tell those who subscribed" in office.get(run.get_absolute_url()).content.decode()
    confirmed(office, run)
    assert told() == []
    assert not Plan.objects.exists()


def test_each_row_that_is_new_or_changed_is_told_as_if_it_had_been_saved(there, office):
    confirmed(office, sent(office, "customers", FILE), tell="1")
    assert told() == ["Dean Irvine was tagged: vip", "Dean Irvine: phone changed", "New One was added"]
    assert sorted(str(plan.about) for plan in Plan.objects.all()) == ["Dean Irvine", "New One"]


def test_who_imports_is_not_told_of_what_they_did(there, office):
    wants("customer.created", person=office.user)
    confirmed(office, sent(office, "customers", FILE), tell="1")
    assert office.user not in {notice.recipient for notice in Notice.objects.all()}


def test_tags_of_the_file_count_for_who_asked_for_them(office):
    wants("customer.created", tags_in=["fibre"])
    confirmed(office, sent(office, "customers", FILE), tell="1")
    assert told() == ["New One was added"]


def test_equipment_that_hangs_on_equipment_of_the_file_is_told_once(engineer):
    wants("equipment.created", "equipment.changed")
    file = "name,kind,uplink\nSector,AP,Tower\nTower,Router,\n"
    confirmed(engineer, sent(engineer, "equipment", file), tell="1")
    assert told() == ["Sector was added", "Tower was added"]


def test_where_nobody_wants_to_hear_of_it_telling_costs_nothing(office):
    # A subscription of an earlier test was rolled back, which leaves everybody asking for a while.
    interest.Version(settings.VAR / "interest").write(1, 0.0)
    assert not interest.anybody()
    asked = []
    # The first time more is asked, which is kept from then on.
    for number, data in ((0, {}), (1, {}), (2, {"tell": "1"})):
        run = sent(office, "customers", f"family name\nNew {number}\n")
        with CaptureQueriesContext(connection) as queries:
            confirmed(office, run, **data)
        asked.append(len(queries))
        run.delete()
    assert asked[2] == asked[1]
