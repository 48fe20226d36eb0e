"""Two that do the same at the same time write one notice, and lose none."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from notifications import engine, firing, interest, planning, plans
from notifications.models import Delivery, Duplicates, Notice, Plan, Subscription
from outages.models import Incident
from tests import make

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROUNDS = 15


def wants(event, **asked):
    to = {"recipient_kind": "user", "recipient_key": str(make.user().pk)}
    return Subscription.objects.create(event=event, asked=asked, **to)


def incidents(number=ROUNDS):
    made = [Incident(equipment=make.equipment(kind="ap"), opened_at=NOW) for _ in range(number)]
    return Incident.objects.quietly().bulk_create(made)


def both(work):
    """Do this in two threads, each with its own connection, as nearly at once as can be; raises what either raised."""
    start, faults = threading.Barrier(2), []

    def one():
        try:
            start.wait(10)
            work()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults, faults


def test_two_engines_that_see_the_same_save_write_one_notice():
    wants("incident.opened")
    interest.wanted("outages.Incident")
    for row in incidents():

        def see(row=row):
            with transaction.atomic():
                engine.consider([(None, row)], NOW)

        both(see)
    assert Notice.objects.count() == Delivery.objects.count() == ROUNDS
    assert sum(Duplicates.objects.values_list("refused", flat=True)) <= ROUNDS


def test_two_engines_that_plan_the_same_save_plan_it_once():
    wants("incident.still_open", minutes=60)
    interest.wanted("outages.Incident")
    for row in incidents():

        def plan(row=row):
            with transaction.atomic():
                plans.reconcile([(None, row)], NOW)

        both(plan)
    assert Plan.objects.count() == ROUNDS


def test_two_workers_that_plan_and_fire_tell_each_once():
    wants("incident.still_open", minutes=60)
    incidents(150)
    both(lambda: planning.plan_new(NOW))
    assert Plan.objects.count() == 150
    both(lambda: firing.fire(NOW + HOUR))
    firing.fire(NOW + HOUR)
    assert Notice.objects.count() == 150
    assert not Plan.objects.exists()


def test_an_incident_that_ends_while_its_plan_fires_is_told_or_not_and_never_twice():
    wants("incident.still_open", minutes=60)
    for row in incidents():
        planning.plan_all(NOW)
        start = threading.Barrier(2)

        def end(row=row, start=start):
            # The first of the two closes it, the second fires.
            if start.wait(10) == 0:
                found = Incident.objects.get(pk=row.pk)
                found.closed_at = NOW + HOUR
                found.save()
            else:
                firing.fire(NOW + HOUR)

        both(end)
    firing.fire(NOW + HOUR)
    assert not Plan.objects.filter(object_id__in=Incident.objects.exclude(closed_at=None).values("pk")).exists()
    assert Notice.objects.count() == Notice.objects.values("object_id").distinct().count()
