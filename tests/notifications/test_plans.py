"""What is told only if it lasts: planned, taken back, planned anew, and told once when its time has come."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import actions, engine, firing, planning, plans
from notifications.event import GENERAL
from notifications.models import Delivery, Notice, Plan, Subscription
from outages.models import Incident, Outage
from tests import make

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT = "incident.still_open"


def at(moment):
    return time_machine.travel(moment, tick=False)


def wants(minutes=60, person=None, event=EVENT, **fields):
    person = person or make.user()
    return Subscription.objects.create(
        event=event, recipient_kind="user", recipient_key=str(person.pk), asked={"minutes": minutes}, **fields
    )


def incident(opened_at=NOW, **fields):
    equipment = fields.pop("equipment", None) or make.equipment(kind="ap")
    return Incident.objects.create(equipment=equipment, opened_at=opened_at, **fields)


def close(found, moment):
    found.closed_at = moment
    found.save()


@pytest.fixture
def noon(db):
    with at(NOW):
        yield


def test_what_lasts_is_told_once_when_its_time_has_come(noon):
    row = wants(60)
    found = incident()
    assert list(Plan.objects.values_list("subscription", "object_id", "due_at")) == [(row.pk, found.pk, NOW + HOUR)]
    assert firing.fire(NOW + HOUR - timedelta(seconds=1)) == 0
    with at(NOW + HOUR):
        assert firing.fire(NOW + HOUR) == 1
        assert firing.fire(NOW + HOUR) == 0
    notice = Notice.objects.get()
    assert (notice.about, notice.why, notice.due_at) == (found, [row.pk], NOW + HOUR)
    assert notice.text.endswith("is down, and has been for 1 h 00 min")
    assert Delivery.objects.count() == 1
    with at(NOW + 2 * HOUR):
        found.save()
    assert not Plan.objects.exists()


def test_the_change_that_negates_it_takes_it_back(noon):
    wants()
    close(incident(), NOW + HOUR / 2)
    assert not Plan.objects.exists()
    assert firing.fire(NOW + 2 * HOUR) == 0
    assert not Notice.objects.exists()


def test_what_ended_without_a_word_is_not_told(noon):
    wants()
    found = incident()
    Incident.objects.quietly().filter(pk=found.pk).update(closed_at=NOW)
    assert firing.fire(NOW + HOUR) == 1
    assert not Notice.objects.exists()


def test_one_that_went_away_with_its_object_is_not_told(noon):
    wants()
    found = incident()
    found.delete()
    assert not Plan.objects.exists()


def test_a_new_subscription_is_planned_over_what_there_is_and_once_more(noon):
    with at(NOW - HOUR / 2):
        found = incident(NOW - HOUR / 2)
        old = incident(NOW - 5 * HOUR)
        close(incident(NOW - HOUR / 2), NOW - HOUR / 3)
    row = wants()
    assert planning.unplanned(NOW)
    assert planning.plan_new(NOW) == 1
    assert [plan.about for plan in Plan.objects.all()] == [found]
    assert not planning.unplanned(NOW + timedelta(seconds=5))
    assert planning.unplanned(NOW + planning.AGAIN)
    Plan.objects.all().delete()  # as if its save had been in flight
    assert planning.plan_new(NOW + planning.AGAIN) == 1
    assert [plan.about for plan in Plan.objects.all()] == [found]
    assert not planning.unplanned(NOW + HOUR)
    row.refresh_from_db()
    assert row.planned is planning.DONE
    assert old.closed_at is None


def test_an_edited_subscription_is_planned_anew(noon):
    by = make.user("administrator")
    row = wants(60)
    found = incident()
    actions.change(row, by, asked={"minutes": 90, "at_least": 5})
    # What was planned by the former terms tells nothing, even where it comes due before the queue has planned anew.
    assert firing.fire(NOW + timedelta(minutes=61)) == 1
    assert not Notice.objects.exclude(event=GENERAL).exists()
    planning.plan_new(NOW)
    assert Plan.objects.get(object_id=found.pk).due_at == NOW + timedelta(minutes=90)


def test_an_ended_subscription_plans_nothing_more(noon):
    row = wants()
    incident()
    actions.unsubscribe(row, make.user())
    assert not Plan.objects.exists()


def test_tags_count_when_it_is_planned_and_when_it_is_told(noon):
    wants(tags_in=["vip"])
    plain, tagged = incident(), incident(equipment=make.equipment("a", kind="ap", tags="vip"))
    assert [plan.about for plan in Plan.objects.all()] == [tagged]
    tagged.equipment.tags.clear()
    firing.fire(NOW + HOUR)
    assert not Notice.objects.exists()
    assert plain.closed_at is None


def test_who_has_left_meanwhile_is_not_told(noon):
    user = make.user()
    wants(person=user)
    incident()
    user.is_active = False
    user.save()
    assert firing.fire(NOW + HOUR) == 1
    assert not Notice.objects.exists()


def test_two_subscriptions_that_mean_one_person_are_told_once_with_both_reasons(noon):
    user = make.user("engineer")
    rows = {wants(person=user).pk}
    rows.add(
        Subscription.objects.create(
            event=EVENT, recipient_kind="role", recipient_key="engineer", asked={"minutes": 60}
        ).pk
    )
    incident()
    firing.fire(NOW + HOUR)
    assert set(Notice.objects.get().why) == rows


def test_one_plan_that_cannot_be_judged_holds_up_no_other(noon, monkeypatch):
    bad, good = wants(person=make.user(), minutes=30), wants(person=make.user(), minutes=30)
    found = incident()
    Subscription._base_manager.filter(pk=bad.pk).update(asked={"minutes": "soon"})
    engine.interest._memory.known.clear()
    assert firing.fire(NOW + HOUR) == 2
    assert [notice.why for notice in Notice.objects.all()] == [[good.pk]]
    assert Plan.objects.get(subscription=bad).due_at == NOW + HOUR + plans.PUT_OFF
    assert found.closed_at is None


def test_a_subscription_to_one_object_is_planned_over_that_and_what_belongs_to_it_alone(noon):
    site = make.site()
    mine, _other = incident(equipment=make.equipment(kind="ap", site=site)), incident()
    for about in (site, mine.equipment, mine):
        row = wants(60, about=about)
        with CaptureQueriesContext(connection) as asked:
            planning.plan_over(row, NOW)
        # The incidents, the same under a lock, and no more after them.
        assert sum('FROM "outages_incident"' in query["sql"] for query in asked) == 3
        assert [plan.about for plan in Plan.objects.filter(subscription=row)] == [mine]
        event = planning.meant(row.event)[0]
        assert list(planning._concerned(event, Incident, row)) == [mine]


def test_nobody_who_waits_costs_no_query(noon, django_assert_num_queries):
    found = incident()
    Subscription.objects.create(event="incident.opened", recipient_kind="role", recipient_key="engineer")
    engine.interest.wanted("outages.Incident")
    with CaptureQueriesContext(connection) as asked:
        found.save()
    assert not [query for query in asked if "notifications_plan" in query["sql"]]


def test_after_a_day_without_a_server_nothing_false_is_told_and_what_is_due_is_told_once(noon):
    wants(60)
    wants(60 * 48)
    rows = [incident() for _ in range(20)]
    start = NOW + timedelta(days=1)
    assert plans.hold(start) == 20
    assert firing.fire(start) == 0
    with at(start + timedelta(seconds=30)):
        for found in rows[:15]:
            close(found, NOW + HOUR / 2)
    later = start + plans.GRACE
    with at(later):
        assert firing.fire(later) == 5
        assert firing.fire(later) == 0
    assert {notice.about for notice in Notice.objects.all()} == set(rows[15:])
    assert Plan.objects.count() == 5


def test_of_ten_thousand_that_came_due_while_nothing_ran_those_that_are_still_so_are_told_once(db):
    with at(NOW):
        wants(60, event="outage.still_open")
        equipment = make.equipment()
        kept = {"asked_at": NOW.timestamp(), "up": False, "message": "no answer"}
        rows = [Outage(equipment=equipment, started_at=NOW, opened_at=NOW, opened_by=kept) for _ in range(10_000)]
        Outage.objects.quietly().bulk_create(rows)
        with CaptureQueriesContext(connection) as asked:
            plans.reconcile([(None, row) for row in rows], NOW)
        assert len(asked) < 150
    assert Plan.objects.count() == 10_000
    start = NOW + timedelta(days=1)
    with at(start):
        assert plans.hold(start) == 10_000
        assert firing.fire(start) == 0
        # What comes back in the first minute, before anything is told.
        back = Outage.objects.order_by("pk").values_list("pk", flat=True)[:9_000]
        Outage.objects.quietly().filter(pk__in=list(back)).update(ended_at=start)
    later = start + plans.GRACE
    with at(later):
        with CaptureQueriesContext(connection) as asked:
            assert firing.fire(later, most=20_000) == 10_000
        assert len(asked) < 2_500
        assert firing.fire(later) == 0
    assert set(Notice.objects.values_list("object_id", flat=True)) == set(
        Outage.objects.open().values_list("pk", flat=True)
    )
    assert Notice.objects.count() == 1_000


def test_objects_are_found_by_just_what_they_belong_to(noon):
    customer = make.customer()
    site = make.site(customer=customer)
    device = make.equipment(customer=customer, site=site)
    found = incident(equipment=device)
    kept = {"opened_at": NOW, "opened_by": {}, "customer": customer, "site": site}
    outage = Outage.objects.create(equipment=device, started_at=NOW, **kept)
    for thing in (site, device, found, outage):
        belongs = dict(thing.scopes())
        assert belongs.keys() == thing.found_by.keys()
        for label, path in thing.found_by.items():
            assert type(thing).objects.filter(**{path: belongs[label]}).get() == thing
            assert not type(thing).objects.filter(**{path: belongs[label] + 1}).exists()
