"""An end to looking: outages end, the history stays, and nothing is shown as up that nobody sees."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.probes.readings import Reading
from customers.models import Customer, Equipment
from outages import actions, history, recording
from outages.models import Check, Hour, Incident, Outage
from tests import make
from tests.outages.checking import RULE

pytestmark = pytest.mark.django_db


def read(check, second, up):
    at = timezone.now() - timedelta(minutes=10) + timedelta(seconds=second)
    recording.record([Reading(check.pk, up, at.timestamp(), message="" if up else "no answer")])


def broken(**fields):
    """A check that was up and has an open outage."""
    check = make.check(count=1, window=5, **fields)
    read(check, 0, True)
    read(check, 10, False)
    assert Outage.objects.open().get().check_of == check
    return Check.objects.get(pk=check.pk)


def test_a_check_that_is_switched_off_ends_its_outage_and_says_so(engineer):
    check = broken()
    form = {name: value for name, value in RULE.items() if name != "on"}
    engineer.post(reverse("check_edit", args=[check.pk]), form)
    outage = Outage.objects.get()
    assert outage.ended_at is not None
    assert outage.closed_by["message"] == "no longer looked at"
    assert Incident.objects.get().closed_at is not None
    page = engineer.get(outage.get_absolute_url()).text
    assert "no longer looked at" in page
    assert "switched off" in engineer.get(check.equipment.get_absolute_url()).text


def test_a_check_that_is_deleted_ends_its_outage_and_keeps_the_history(engineer):
    customer = make.customer()
    check = broken(of=make.equipment(address="10.0.0.7", customer=customer))
    history.fold()
    assert Customer.objects.get().state == "down"
    page = engineer.get(reverse("check_delete", args=[check.pk])).text
    assert "Delete the check" in page
    assert f'href="{check.equipment.get_absolute_url()}">Cancel' in page
    assert engineer.post(reverse("check_delete", args=[check.pk])).url == check.equipment.get_absolute_url()
    outage = Outage.objects.get()
    assert (outage.check_of, outage.ended_at is None) == (None, False)
    assert not Hour.objects.exists()
    assert Equipment.objects.get().state == "unknown"
    assert Customer.objects.get().state == "unknown"


@pytest.mark.parametrize("end", ["switch off", "delete", "archive", "take the address"])
def test_what_nobody_sees_any_more_is_not_shown_as_up(end):
    customer = make.customer()
    check = make.check(make.equipment(address="10.0.0.7", customer=customer))
    read(check, 0, True)
    assert Customer.objects.get().state == "up"
    if end == "switch off":
        check.refresh_from_db()
        check.on = False
        actions.save_check(check)
    elif end == "delete":
        actions.delete_check(check)
    else:
        gone = {"archived_at": timezone.now()} if end == "archive" else {"address": None}
        Equipment.objects.quietly().update(**gone)
        recording.stop_looking(timezone.now())
    assert Equipment.objects.get().state == "unknown"
    assert Customer.objects.get().state == "unknown"


def test_equipment_is_as_its_other_checks_see_it_when_one_is_deleted():
    ping = broken()
    web = make.check(ping.equipment, probe="tcp", port=80)
    read(web, 20, True)
    assert Equipment.objects.get().state == "degraded"
    actions.delete_check(web)
    assert Equipment.objects.get().state == "down"
    assert Outage.objects.open().count() == 1
    actions.delete_check(ping)
    assert Equipment.objects.get().state == "unknown"


def test_forgetting_what_nobody_sees_changes_nothing_else_however_often_it_runs():
    check = broken()
    healthy = make.check()
    read(healthy, 0, True)
    before = list(Check.objects.values()), list(Equipment.objects.values()), list(Outage.objects.values())
    for _ in range(2):
        assert recording.stop_looking(timezone.now()) == 0
    assert before == (list(Check.objects.values()), list(Equipment.objects.values()), list(Outage.objects.values()))
    assert check.state == "down"
