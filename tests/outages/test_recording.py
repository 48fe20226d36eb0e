"""Readings become verdicts, outages and incidents."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from agents.probes.readings import Reading
from customers.models import Customer, Equipment
from notifications.models import Delivery, Notice, Subscription
from outages import recording
from outages.models import Check, Incident, Outage, Sweep
from tests import make

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Desk:
    """Feeds readings at times that the test names, as looking would."""

    def __init__(self):
        self.advice = None

    def read(self, second, *, up=(), down=(), unknown=()):
        at = START + timedelta(seconds=second)
        readings = [Reading(c.pk, True, at.timestamp(), ms=4.2) for c in up]
        readings += [Reading(c.pk, False, at.timestamp(), message="silent") for c in down]
        readings += [Reading(c.pk, None, at.timestamp(), message="not an address") for c in unknown]
        with time_machine.travel(at + timedelta(milliseconds=500), tick=False):
            self.advice = recording.record(readings)
        return self.advice


@pytest.fixture
def desk():
    return Desk()


def check_of(**equipment):
    rule = {name: equipment.pop(name) for name in ("interval", "count", "window") if name in equipment}
    number = Equipment.objects.count() + 1
    return make.check(make.equipment(**({"address": f"10.1.0.{number}"} | equipment)), **rule)


@pytest.fixture
def tower(desk):
    """A backhaul, a router behind it, a sector and three homes; all up."""
    backhaul = check_of(name="backhaul", kind="ptp")
    router = check_of(name="router", kind="router", uplink=backhaul.equipment)
    sector = check_of(name="sector", kind="ap", uplink=router.equipment)
    homes = [
        check_of(name=f"cpe {i}", kind="cpe", uplink=sector.equipment, customer=make.customer(f"Home {i}"))
        for i in range(3)
    ]
    desk.read(0, up=[backhaul, router, sector, *homes])
    return backhaul, router, sector, homes


def test_the_first_good_reading_makes_it_up_at_once(desk):
    check = check_of()
    desk.read(0, up=[check])
    check.refresh_from_db()
    assert (check.state, check.settled) == ("up", True)
    check.equipment.refresh_from_db()
    assert check.equipment.state == "up"


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


def test_a_tower_that_fails_is_one_incident_with_its_customers(desk, tower):
    backhaul, router, sector, homes = tower
    for second in (10, 15, 20):
        desk.read(second, down=[backhaul, router, sector, *homes])
    incident = Incident.objects.get()
    assert incident.equipment == backhaul.equipment
    assert incident.customers_behind == 3
    assert incident.outages.count() == 6
    assert Customer.objects.in_outage().count() == 3


def test_a_child_that_is_decided_first_waits_for_its_parent(desk, tower):
    backhaul, router, sector, homes = tower
    everything = [backhaul, router, sector, *homes]
    advice = desk.read(8, down=homes)
    assert {job.target.key for job in advice.at_once} == {sector.pk}
    desk.read(13, down=homes)
    desk.read(14, down=[backhaul, router, sector])
    desk.read(18, down=homes)
    assert Outage.objects.count() == 3
    assert not Incident.objects.exists()
    desk.read(19, down=[backhaul, router, sector])
    desk.read(24, down=[backhaul, router, sector])
    incident = Incident.objects.get()
    assert incident.equipment == backhaul.equipment
    assert incident.outages.count() == len(everything)


def test_a_child_whose_parent_answers_is_an_incident_of_its_own(desk, tower):
    _, _, sector, homes = tower
    for second in (10, 15, 20):
        desk.read(second, down=homes[:1], up=[sector] if second < 20 else [])
    assert not Incident.objects.exists()
    assert {job.target.key for job in desk.advice.at_once} == {sector.pk}
    desk.read(21, up=[sector])
    assert Incident.objects.get().equipment == homes[0].equipment


def test_nothing_waits_for_ever(desk, tower):
    homes = tower[3]
    for second in (10, 15, 20):
        desk.read(second, down=homes[:1])
    desk.read(70, up=[homes[1]])
    assert Incident.objects.get().equipment == homes[0].equipment


def test_a_child_that_stays_down_when_its_tower_is_back_becomes_its_own_incident(desk, tower):
    backhaul, router, sector, homes = tower
    everything = [backhaul, router, sector, *homes]
    for second in (10, 15, 20):
        desk.read(second, down=everything)
    for second in (60, 65, 70):
        desk.read(second, up=everything[:-1], down=everything[-1:])
    tower_incident = Incident.objects.get()
    assert tower_incident.closed_at is None
    desk.read(125, up=everything[:-1], down=everything[-1:])
    tower_incident.refresh_from_db()
    assert tower_incident.closed_at == START + timedelta(seconds=60)
    assert Incident.objects.open().get().equipment == homes[-1].equipment


def test_first_signs_below_are_taken_in_by_the_incident_of_the_cause(desk, tower):
    backhaul, router, sector, homes = tower
    for second in (10, 15, 20):
        desk.read(second, down=homes, up=[sector])
    assert Incident.objects.open().count() == 3
    for second in (30, 35, 40):
        desk.read(second, down=[backhaul, router, sector, *homes])
    incident = Incident.objects.open().get()
    assert incident.equipment == backhaul.equipment
    assert incident.outages.count() == 6
    assert Incident.objects.filter(joined=incident).count() == 3


def test_an_old_incident_below_stays_one_of_its_own(desk, tower):
    backhaul, router, sector, homes = tower
    for second in (10, 15, 20):
        desk.read(second, down=homes[:1], up=[sector])
    for second in (1000, 1005, 1010):
        desk.read(second, down=[backhaul, router, sector, *homes])
    assert set(Incident.objects.open().values_list("equipment__name", flat=True)) == {"backhaul", "cpe 0"}


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


def test_incidents_are_told_once_to_those_whose_role_hears_of_them(desk, tower):
    backhaul, router, sector, homes = tower
    engineer, technician = make.user(role="engineer"), make.user(role="technician")
    Subscription.objects.create(event="incident.opened", recipient_kind="role", recipient_key="engineer")
    for second in (10, 15, 20, 25, 30):
        desk.read(second, down=[backhaul, router, sector, *homes])
    notice = Notice.objects.to(engineer).get()
    assert notice.text == "backhaul is down: 3 customers"
    assert Delivery.objects.get().notice == notice
    assert not Notice.objects.to(technician).exists()


def test_a_single_home_alarms_nobody_by_default(desk, tower):
    _, _, sector, homes = tower
    make.user(role="engineer")
    Subscription.objects.create(event="incident.opened", recipient_kind="role", recipient_key="engineer")
    for second in (10, 15, 20):
        desk.read(second, down=homes[:1], up=[sector])
    assert Incident.objects.count() == 1
    assert not Notice.objects.exists()


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


def test_who_lies_above_is_asked_again_when_its_answer_is_older_than_an_outage_that_opens_at_once(desk, tower):
    _, _, sector, homes = tower
    Check.objects.filter(pk=homes[0].pk).update(count=1)
    sweep = START + timedelta(seconds=10)
    with time_machine.travel(sweep, tick=False):
        before = Reading(sector.pk, True, sweep.timestamp() - 0.2, ms=4.2)
        advice = recording.record([before, Reading(homes[0].pk, False, sweep.timestamp() - 0.1, message="silent")])
    assert Outage.objects.count() == 1 and not Incident.objects.exists()
    assert [job.target.key for job in advice.at_once] == [sector.pk]
    desk.read(11, up=[sector])
    assert Incident.objects.get().equipment == homes[0].equipment


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
    few = queries_of_a_failing_sector(desk, 3)
    assert queries_of_a_failing_sector(desk, 30) <= few < 35


def test_outages_that_end_in_one_sweep_keep_what_they_were(desk, tower):
    backhaul, router, sector, homes = tower
    everything = [backhaul, router, sector, *homes]
    for second in (10, 15, 20):
        desk.read(second, down=everything)
    kept = Outage.objects.order_by("pk").values("pk", "check_of", "equipment", "customer", "opened_by", "incident")
    opened = list(kept)
    for second in (30, 35, 40):
        desk.read(second, up=everything)
    assert not Outage.objects.open().exists()
    assert list(kept.all()) == opened


def test_an_incident_whose_cause_is_back_sets_free_what_is_not_even_if_the_causes_outage_was_anothers(desk, tower):
    backhaul, router, sector, homes = tower
    for second in (10, 15, 20, 25, 30):
        desk.read(second, down=[backhaul, router, sector], up=homes)
    for second in (40, 45, 50):
        desk.read(second, up=[backhaul, router], down=[sector])
    # While the sector's outage is still the backhaul's, one home falls: its cause is the sector.
    for second in (55, 60, 65, 70):
        desk.read(second, up=[backhaul, router], down=[sector, homes[0]])
    for second in (75, 80, 85):
        desk.read(second, up=[backhaul, router, sector], down=homes[:1])
    for second in (150, 155, 160):
        desk.read(second, up=[backhaul, router, sector], down=homes[:1])
    assert list(Incident.objects.open().values_list("equipment__name", flat=True)) == ["cpe 0"]


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
