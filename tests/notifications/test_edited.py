"""A subscription that is edited as a row, one or many, is planned by what it says now."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from notifications import firing, planning
from notifications.models import Notice, Plan, Subscription
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def wish(clock):
    """Somebody who wants to hear of what is open for an hour, planned to its end."""
    to = {"recipient_kind": "user", "recipient_key": str(make.user().pk)}
    row = Subscription.objects.create(event="incident.still_open", asked={"minutes": 60}, **to)
    for later in (timedelta(0), planning.AGAIN):
        planning.plan_new(NOW + later)
    row.refresh_from_db()
    assert row.planned is planning.DONE
    return row


def opened():
    return Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=NOW, customers_behind=9)


def by_row(row):
    row.asked = {"minutes": 20}
    row.save()


def by_field(row):
    row.asked = {"minutes": 20}
    row.save(update_fields=["asked"])


def of_all(row):
    Subscription.objects.update(asked={"minutes": 20})


def in_bulk(row):
    row.asked = {"minutes": 20}
    Subscription.objects.bulk_update([row], ["asked"])


@pytest.mark.parametrize("edit", [by_row, by_field, of_all, in_bulk])
def test_it_is_planned_anew_however_it_was_edited(wish, edit):
    opened()
    edit(wish)
    # What was planned by what it said before tells nothing, even if it comes due before it is planned anew.
    firing.fire(NOW + 60 * MINUTE)
    assert not Notice.objects.exists()
    planning.plan_new(NOW)
    assert Plan.objects.get().due_at == NOW + 20 * MINUTE
    firing.fire(NOW + 20 * MINUTE)
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("edit", [by_row, of_all])
def test_what_comes_due_before_the_queue_has_planned_it_is_told(wish, edit, clock):
    opened()
    edit(wish)
    planning.plan_new(NOW + 30 * MINUTE)
    firing.fire(NOW + 30 * MINUTE)
    assert Notice.objects.count() == 1


def test_what_was_due_before_the_edit_by_what_it_says_now_is_old_news(wish, clock):
    opened()
    clock.move_to(NOW + 30 * MINUTE)
    by_row(wish)
    planning.plan_new(NOW + 30 * MINUTE)
    firing.fire(NOW + 90 * MINUTE)
    assert not Notice.objects.exists()


def test_what_is_new_is_planned_from_when_it_was_asked_for(clock):
    old, clock_at = opened(), NOW + 50 * MINUTE
    clock.move_to(clock_at)
    to = {"recipient_kind": "user", "recipient_key": str(make.user().pk)}
    for minutes in (40, 60):
        Subscription.objects.create(event="incident.still_open", asked={"minutes": minutes}, about=None, **to)
        to["recipient_key"] = str(make.user().pk)
    planning.plan_new(NOW + 70 * MINUTE)
    firing.fire(NOW + 70 * MINUTE)
    assert Notice.objects.get().object_id == old.pk


def test_an_edit_that_changes_no_plan_leaves_what_is_planned(wish):
    opened()
    before = Plan.objects.get().pk
    wish.channels = ["email"]
    wish.save()
    assert Plan.objects.get().pk == before
    assert Subscription.objects.get().planned is planning.DONE


def test_one_that_is_turned_off_and_on_again_waits_again(wish):
    opened()
    wish.off = True
    wish.save()
    planning.plan_new(NOW)
    assert not Plan.objects.exists()
    wish.off = False
    wish.save()
    planning.plan_new(NOW)
    assert Plan.objects.count() == 1
