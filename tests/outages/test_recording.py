"""Readings become verdicts and outages."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from customers.models import Equipment
from notifications.models import Topic
from outages import recording
from outages.models import Check, Incident, Outage, Sweep
from tests import make
from tests.outages.desk import START, check_of

pytestmark = pytest.mark.django_db


def test_the_first_good_reading_makes_it_up_at_once(desk):
    check = check_of()
    desk.read(0, up=[check])
    check.refresh_from_db()
    assert (check.state, check.settled) == ("up", True)
    check.equipment.refresh_from_db()
    assert check.equipment.state == "up"


def test_who_looks_on_is_told_when_a_check_answers_for_the_first_time_and_not_each_time(desk):
    check, changes = check_of(), []
    for second in (0, 10, 20):
        desk.read(second, up=[check])
        changes.append(Topic.objects.filter(name="incidents").values_list("changes", flat=True).first())
    assert changes == [1, 1, 1]


def test_what_never_answered_opens_no_outage(desk):
    check = check_of()
    for second in range(0, 100, 5):
        desk.read(second, down=[check])
    check.refresh_from_db()
    assert check.state == "new"
    assert not Outage.objects.exists()


def test_an_outage_starts_at_the_first_bad_reading_and_ends_at_the_first_good_one_of_its_closing_run(desk):
    check = check_of()
    desk.read(0, up=[check])
    desk.read(10, down=[check])
    desk.read(15, down=[check])
    assert not Outage.objects.exists()
    desk.read(20, down=[check])
    outage = Outage.objects.get()
    assert outage.started_at == START + timedelta(seconds=10)
    assert outage.opened_by["message"] == "silent"
    assert outage.opened_by["asked_at"] == (START + timedelta(seconds=10)).timestamp()
    for second in (30, 35, 40):
        desk.read(second, up=[check])
    outage.refresh_from_db()
    assert outage.ended_at == START + timedelta(seconds=30)
    assert outage.closed_by["up"] is True
    assert Incident.objects.get().closed_at == START + timedelta(seconds=30)


def test_a_first_bad_reading_asks_for_faster_looking_until_it_is_decided(desk):
    check = check_of(interval=60)
    desk.read(0, up=[check])
    assert desk.read(60, down=[check]).again == {check.pk: 5.0}
    desk.read(65, down=[check])
    assert desk.read(70, down=[check]).again == {}


def test_bad_readings_that_are_not_in_a_row_open_nothing(desk):
    check = check_of()
    desk.read(0, up=[check])
    for second in range(10, 200, 10):
        desk.read(second, down=[check] if second % 20 else [], up=[] if second % 20 else [check])
    assert not Outage.objects.exists()


def test_an_unknown_reading_freezes_the_state(desk):
    check = check_of()
    desk.read(0, up=[check])
    desk.read(10, down=[check])
    desk.read(15, unknown=[check])
    check.refresh_from_db()
    assert len(check.run) == 1
    assert Sweep.objects.count() == 3


def test_a_suspended_customer_has_no_outage(desk):
    check = check_of(customer=make.customer(suspended=True))
    desk.read(0, up=[check])
    for second in (10, 15, 20):
        desk.read(second, down=[check])
    assert not Outage.objects.exists()


def test_the_same_readings_twice_change_nothing(desk):
    check = check_of()
    desk.read(0, up=[check])
    for second in (10, 15, 20, 20, 20):
        desk.read(second, down=[check])
    assert Outage.objects.count() == 1
    assert Incident.objects.count() == 1


def test_one_of_two_checks_that_fails_makes_it_degraded(desk):
    ping = check_of(name="router", kind="router")
    web = make.check(ping.equipment, probe="tcp", port=443)
    desk.read(0, up=[ping, web])
    for second in (10, 15, 20):
        desk.read(second, up=[ping], down=[web])
    assert Equipment.objects.get(pk=ping.equipment_id).state == "degraded"
    assert Outage.objects.get().check_of == web


def test_what_is_no_longer_looked_at_ends_its_outage(desk):
    check = check_of()
    desk.read(0, up=[check])
    for second in (10, 15, 20):
        desk.read(second, down=[check])
    Check.objects.filter(pk=check.pk).update(on=False)
    assert recording.stop_looking(START + timedelta(seconds=60)) == 1
    outage = Outage.objects.get()
    assert outage.ended_at == START + timedelta(seconds=60)
    assert Incident.objects.get().closed_at is not None
    assert Equipment.objects.get().state == "unknown"


def test_a_sweep_of_settled_checks_costs_few_queries(desk, django_assert_max_num_queries):
    checks = [check_of(name=f"cpe {i}") for i in range(40)]
    desk.read(0, up=checks)
    with django_assert_max_num_queries(7 if connection.vendor == "postgresql" else 6):
        desk.read(10, up=checks)


def queries_of_a_failing_sector(desk, homes):
    sector = check_of(name="sector", kind="ap")
    below = [check_of(name=f"cpe {n}", kind="cpe", uplink=sector.equipment) for n in range(homes)]
    desk.read(0, up=[sector, *below])
    for second in (10, 15):
        desk.read(second, down=[sector, *below])
    with CaptureQueriesContext(connection) as queries:
        desk.read(20, down=[sector, *below])
    assert Incident.objects.get(equipment=sector.equipment).outages.count() == homes + 1
    return len(queries)


def test_a_sector_that_fails_costs_the_same_few_queries_whatever_hangs_on_it(desk):
    # From here on another incident is open, which is looked at each time.
    queries_of_a_failing_sector(desk, 1)
    few = queries_of_a_failing_sector(desk, 3)
    assert queries_of_a_failing_sector(desk, 30) <= few < 35


@pytest.mark.django_db(transaction=True)
def test_two_that_record_at_the_same_moment_open_one_incident_together(desk):
    check = check_of()
    desk.read(0, up=[check])
    for second in (10, 15, 20):
        desk.read(second, down=[check])
    Outage.objects.quietly().update(incident=None)
    Incident.objects.quietly().delete()
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            recording.record([])
            second = other.submit(_record_nothing)
            time.sleep(0.5)
        second.result()
    assert Outage.objects.get().incident == Incident.objects.get()


def _record_nothing():
    try:
        recording.record([])
    finally:
        connection.close()


def test_a_suspension_that_ends_while_the_device_is_down_opens_an_outage(desk):
    customer = make.customer(suspended=True)
    check = check_of(customer=customer)
    desk.read(0, up=[check])
    for second in (10, 15, 20):
        desk.read(second, down=[check])
    assert recording.judge_afresh() == 0
    customer.suspended = False
    customer.save()
    assert recording.judge_afresh() == 1
    for second in (30, 35, 40):
        desk.read(second, down=[check])
    assert Outage.objects.get().started_at == START + timedelta(seconds=30)
    customer.refresh_from_db()
    assert customer.state == "down"
