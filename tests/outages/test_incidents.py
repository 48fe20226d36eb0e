"""Outages become incidents: what is to blame, what it takes in, and who is told."""

from datetime import timedelta

import pytest
import time_machine

from agents.probes.readings import Reading
from customers.models import Customer
from notifications.models import Delivery, Notice, Subscription
from outages import recording
from outages.models import Check, Incident, Outage
from tests import make
from tests.outages.desk import START, check_of

pytestmark = pytest.mark.django_db


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
