"""A customer who is made anonymous in the middle of an outage: the name goes, and no source brings it back."""

import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from agents.probes.readings import Reading
from customers.models import Customer
from customers.privacy import actions
from outages import recording
from outages.models import Check, Outage
from tests import make
from tests.outages.desk import START

NAMED = {"device": {"identification": {"name": "irvine-cpe", "site": "Dean Irvine"}, "location": {"latitude": 46.1234}}}


@pytest.fixture
def check(db):
    """A device of a customer, of which a source says how it is."""
    dean = make.customer("Dean Irvine")
    return make.followed(make.source(interval=10, count=3), make.equipment("cpe-1", customer=dean), "a")


def say(check, *readings):
    """What the source says at so many seconds after START, name and all."""
    for second, up in readings:
        at = START + timedelta(seconds=second)
        with time_machine.travel(at, tick=False):
            recording.record([Reading(check.pk, up, at.timestamp(), values=NAMED)])


def kept(check):
    """What stands in the database of the device's readings."""
    rows = Outage.objects.values_list("opened_by", "closed_by")
    return str([*rows, *Check.objects.values_list("run_first", flat=True)])


def forget(check):
    actions.anonymise(check.equipment.customer, timezone.now())


def test_an_outage_that_goes_on_ends_without_the_name_and_so_does_the_next(check):
    say(check, (0, True), (10, False), (20, False), (30, False), (40, True))
    assert kept(check).count("Irvine") == 2
    forget(check)
    assert "Irvine" not in kept(check)
    say(check, (50, True), (60, True), (70, False), (80, False), (90, False), (100, True), (110, True), (120, True))
    assert "Irvine" not in kept(check)
    spans = [
        ((one.started_at - START).seconds, (one.ended_at - START).seconds) for one in Outage.objects.order_by("pk")
    ]
    assert spans == [(10, 40), (70, 100)]
    assert [one.opened_by["values"] for one in Outage.objects.order_by("pk")][1] == {}
    assert {str(one.closed_by["up"]) for one in Outage.objects.all()} == {"True"}


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_what_others_have_is_kept_whole(check, whose):
    forget(check)
    other = make.customer("Ida Ohm") if whose == "another's" else None
    theirs = make.check(make.equipment("cpe-2", customer=other, address="10.1.0.1"))
    say(theirs, (0, True), (10, False), (15, False), (20, False))
    assert Outage.objects.get().opened_by["values"] == NAMED


@pytest.mark.django_db(transaction=True)
def test_a_sweep_at_the_same_moment_leaves_nothing_behind(check):
    say(check, (0, True))
    under_way, faults = threading.Event(), []

    def sweep():
        say(check, (10, False))
        under_way.set()
        time.sleep(0.4)
        say(check, (20, False), (30, False))

    def run(act):
        try:
            with transaction.atomic():
                act()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in (sweep, lambda: forget(check))]
    threads[0].start()
    assert under_way.wait(5)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert Outage.objects.count() == 1 and Customer.objects.get().anonymised_at
    assert "Irvine" not in kept(check)
