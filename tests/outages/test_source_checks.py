"""The form and the page of a check for which a source is asked."""

import time

import pytest
from django.urls import reverse

from agents.probes.readings import Reading
from outages import recording
from outages.models import Check, Outage
from tests import make

pytestmark = pytest.mark.django_db
FORM = {"probe": "uisp", "port": "", "interval": "7", "count": "4", "window": "1", "on": "on"}


@pytest.fixture
def check():
    return make.followed(make.source(interval=30, count=3), make.equipment("sector", kind="ap"), "a")


def edit(client, check, **fields):
    return client.post(reverse("check_edit", args=[check.pk]), FORM | fields)


def test_nobody_makes_one_by_hand(engineer):
    equipment = make.equipment(address="10.0.0.1")
    page = engineer.get(reverse("check_add", args=[equipment.pk])).content.decode()
    assert "uisp" not in page.casefold()
    answer = engineer.post(reverse("check_add", args=[equipment.pk]), FORM)
    assert answer.context["form"].errors["probe"]
    assert not Check.objects.exists()


def test_it_may_not_become_another_way_of_looking(engineer, check):
    edit(engineer, check, probe="icmp")
    check.refresh_from_db()
    assert check.probe == "uisp"


def test_its_polls_are_set_and_its_window_grows_with_them_but_its_interval_is_the_source_s(engineer, check):
    page = engineer.get(reverse("check_edit", args=[check.pk])).content.decode()
    assert "Polls in a row" in page
    assert "It grows by itself" in page
    assert edit(engineer, check).status_code == 302
    check.refresh_from_db()
    assert (check.interval, check.count, check.window) == (30, 4, 120)


@pytest.mark.parametrize("count", ["0", "-1", "101", "", "x"])
def test_a_number_of_polls_that_cannot_be_is_refused(engineer, check, count):
    assert "count" in edit(engineer, check, count=count).context["form"].errors
    check.refresh_from_db()
    assert (check.count, check.window) == (3, 90)


def test_it_can_be_switched_off(engineer, check):
    edit(engineer, check, on="")
    check.refresh_from_db()
    assert check.on is False


def test_its_equipment_needs_no_address_and_has_no_round_trip(manager, check):
    recording.record([Reading(check.pk, True, time.time())])
    page = manager.get(check.equipment.get_absolute_url()).content.decode()
    assert "connected" in page
    assert "It is not asked" not in page
    assert "Round trip" not in page


def test_beside_it_a_check_of_an_address_that_is_missing_is_still_said(manager, check):
    make.check(check.equipment)
    page = manager.get(check.equipment.get_absolute_url()).content.decode()
    assert "It is not asked" in page


def test_the_object_that_came_is_shown_as_it_came(manager, check):
    Check.objects.update(count=1)
    evil = {"identification": {"name": "<script>alert(1)</script>", "status": "disconnected"}}
    recording.record([Reading(check.pk, True, time.time() - 60)])
    recording.record([Reading(check.pk, False, time.time(), values={"device": evil, "signal": -70})])
    page = manager.get(Outage.objects.get().get_absolute_url()).content.decode()
    assert "&quot;status&quot;: &quot;disconnected&quot;" in page
    assert "<script>alert(1)" not in page
    assert "-70" in page
