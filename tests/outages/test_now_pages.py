"""The page Now: what it says when nothing is open, and what it shows first."""

import pytest
from django.urls import reverse
from django.utils import timezone

from outages.models import Incident
from tests import make
from tests.outages.working import incident

pytestmark = pytest.mark.django_db


def board(client):
    return client.get(reverse("now_board")).text


def test_now_without_equipment_says_how_to_begin(engineer):
    assert "Nothing to look at yet" in board(engineer)


def test_now_does_not_say_that_all_is_well_where_nobody_looks(engineer):
    make.equipment(address="10.0.0.1")
    assert "Nobody looks at anything yet" in board(engineer)
    make.check(make.equipment(address="10.0.0.2"))
    assert "Everything that we look at answers" in board(engineer)


def test_now_does_not_say_that_all_is_well_while_something_is_down(engineer):
    make.check(make.equipment(address="10.0.0.2", state="down"))
    assert "Everything that we look at answers" not in board(engineer)
    assert "No open incident" in board(engineer)


def test_now_counts_every_open_incident_however_few_it_shows(engineer):
    equipment = [make.equipment(f"ap {number}", kind="ap") for number in range(105)]
    Incident.objects.quietly().bulk_create([Incident(equipment=e, opened_at=timezone.now()) for e in equipment])
    page = board(engineer)
    assert '<span class="figure-value">105</span>' in page
    assert page.count("incident-card") == 100
    assert "All 105 open incidents" in page


def test_now_shows_the_worst_first_and_offers_only_what_one_may_do(engineer, manager):
    incident("small", customers_behind=1)
    incident("big", customers_behind=90)
    page = board(engineer)
    assert page.index("big is down") < page.index("small is down")
    assert "Acknowledge" in page
    assert "Acknowledge" not in board(manager)
