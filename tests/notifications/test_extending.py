"""What is told only if it lasts may be put off once, with a reason; and everybody sees what is waiting."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications import extending, firing, planning
from notifications.models import Act, Notice, Plan, Subscription
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOW, tick=False):
        yield


def wants(kind="role", key="engineer", event="incident.still_open", minutes=60):
    return Subscription.objects.create(
        event=event, recipient_kind=kind, recipient_key=str(key), asked={"minutes": minutes}
    )


def incident():
    return Incident.objects.create(equipment=make.equipment("North 1", kind="ap"), opened_at=NOW)


def waiting(client, thing):
    return client.get(thing.get_absolute_url()).content.decode().partition("Waiting to be told")[2]


@pytest.fixture
def plan():
    wants()
    incident()
    return Plan.objects.get()


def test_it_is_told_so_much_later_if_it_is_still_so(plan, engineer):
    extending.extend(plan, engineer.user, DAY, "the part comes tomorrow", NOW)
    assert firing.fire(NOW + 2 * HOUR) == 0
    firing.fire(NOW + DAY + HOUR)
    assert Notice.objects.get().about == plan.about
    assert not Plan.objects.exists()
    act = Act.objects.get(what="extend")
    assert (act.by_name, "the part comes tomorrow" in act.text) == ("", True)


@pytest.mark.parametrize(
    "again", [lambda row: row.save(), lambda row: planning.plan_all(NOW), lambda row: planning.plan_new(NOW)]
)
def test_it_outlives_what_is_planned_anew(plan, engineer, again):
    extending.extend(plan, engineer.user, DAY, "waiting for the landlord", NOW)
    again(plan.about)
    row = Plan.objects.get()
    assert (row.due_at, row.extended_by, row.extended_why) == (
        NOW + HOUR + DAY,
        engineer.user,
        "waiting for the landlord",
    )


def test_it_ends_with_what_it_put_off(plan, engineer):
    extending.extend(plan, engineer.user, DAY, "the part comes tomorrow", NOW)
    found = plan.about
    for closed_at in (NOW, None):
        found.closed_at = closed_at
        found.save()
    assert [(row.due_at, row.extended_why) for row in Plan.objects.all()] == [(NOW + HOUR, "")]


def test_a_second_time_is_refused_and_so_is_no_reason_and_what_was_told(plan, engineer):
    with pytest.raises(extending.Refused, match="why"):
        extending.extend(plan, engineer.user, DAY, "  ", NOW)
    extending.extend(plan, engineer.user, HOUR, "on the way", NOW)
    with pytest.raises(extending.Refused, match="on the way"):
        extending.extend(plan, engineer.user, DAY, "again", NOW)
    assert Plan.objects.get().due_at == NOW + 2 * HOUR
    firing.fire(NOW + 2 * HOUR)
    with pytest.raises(extending.Refused, match="told"):
        extending.extend(plan, engineer.user, DAY, "late", NOW)


def test_what_is_overdue_by_now_waits_from_now_on(plan, engineer):
    later = NOW + 5 * HOUR
    assert extending.extend(plan, engineer.user, HOUR, "just arrived", later).due_at == later + HOUR


def test_the_page_of_the_object_says_what_waits_for_whom_and_why_later(plan, engineer, manager):
    page = waiting(engineer, plan.about)
    assert "everybody in the role Engineer" in page and "Put off" in page
    assert "Put off" not in waiting(manager, plan.about)
    extending.extend(plan, engineer.user, DAY, "<the part> comes tomorrow", NOW)
    page = waiting(engineer, plan.about)
    assert f"Put off by {engineer.user}: &lt;the part&gt; comes tomorrow" in page
    assert reverse("extend", args=[plan.pk]) not in page
    assert waiting(engineer, make.equipment()) == ""


def test_it_is_put_off_by_the_form_with_a_reason(plan, technician):
    address = reverse("extend", args=[plan.pk])
    assert "An hour" in technician.get(address).content.decode()
    for wrong in ({"longer": "hour"}, {"longer": "year", "why": "x"}, {"longer": "hour", "why": "x" * 201}):
        answer = technician.post(address, wrong)
        assert answer.status_code == 200 and answer.context["form"].errors
    assert Plan.objects.get().extended_why == ""
    answer = technician.post(address, {"longer": "day", "why": "the part comes tomorrow"})
    assert answer.url == plan.about.get_absolute_url()
    row = Plan.objects.get()
    assert (row.due_at, row.extended_by) == (NOW + HOUR + DAY, technician.user)
    assert Act.objects.get(what="extend").by == technician.user
    again = technician.post(address, {"longer": "hour", "why": "once more"})
    assert "It was put off already" in again.content.decode()
    assert Plan.objects.get().due_at == NOW + HOUR + DAY


def test_what_is_days_away_is_put_off_by_days(plan, engineer):
    address = reverse("extend", args=[plan.pk])
    Plan.objects.update(due_at=NOW + 300 * DAY)
    page = engineer.get(address).text
    assert "A week" in page and "An hour" not in page
    assert engineer.post(address, {"longer": "hour", "why": "x"}).context["form"].errors
    assert engineer.post(address, {"longer": "month", "why": "it stays longer"}).status_code == 302
    assert Plan.objects.get().due_at == NOW + 330 * DAY


def test_who_may_put_it_off(plan, stranger, manager, office, administrator):
    address = reverse("extend", args=[plan.pk])
    assert stranger.get(address).status_code == 302
    assert manager.post(address, {"longer": "hour", "why": "x"}).status_code == 403
    assert administrator.get(address).status_code == office.get(address).status_code == 200
    own = wants("user", manager.user.pk)
    planning.plan_over(own, NOW)
    mine = Plan.objects.get(subscription=own)
    assert "for you" in waiting(manager, mine.about)
    assert manager.post(reverse("extend", args=[mine.pk]), {"longer": "hour", "why": "x"}).status_code == 302


def test_what_is_told_or_was_never_there_cannot_be_put_off(plan, engineer):
    address = reverse("extend", args=[plan.pk])
    firing.fire(NOW + HOUR)
    assert engineer.get(address).status_code == 404


@pytest.mark.parametrize("role", ["engineer", "manager"])
def test_many_that_wait_cost_no_more_queries_than_one(role):
    user, first = make.user(role), make.user()
    wants("user", first.pk)
    thing = incident()
    list(extending.waiting(thing, user, NOW))
    with CaptureQueriesContext(connection) as one:
        shown = list(extending.waiting(thing, user, NOW))
    assert [(found.whom, found.extendable) for found in shown] == [(str(first), role == "engineer")]
    others = [make.user() for _ in range(8)]
    for other in others:
        wants("user", other.pk)
    planning.plan_new(NOW)
    list(extending.waiting(thing, user, NOW))
    with CaptureQueriesContext(connection) as many:
        shown = list(extending.waiting(thing, user, NOW))
    assert {found.whom for found in shown} == {str(first), *map(str, others)}
    assert len(many) == len(one)
