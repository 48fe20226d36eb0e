"""Quiet defaults: given once to each role, and then the staff's to change."""

import threading

import pytest
from django.db import connection

from config import defaults, options
from notifications.conditions import created
from notifications.event import Event, declared, of
from notifications.models import Subscription

pytestmark = pytest.mark.django_db
EVENTS: list[Event] = []


def given():
    return set(Subscription.objects.values_list("event", "recipient_kind", "recipient_key"))


def wanted():
    return {(event.key, *defaults.whom(role)) for event in declared().values() for role in event.defaults}


@pytest.fixture
def one_more(settings):
    """Another release of Towerwatch declares another event."""

    def declare(*roles):
        EVENTS[:] = [
            Event("test.new", of="outages.Incident", label="New", when=created(), says="New", defaults=roles),
        ]
        if f"{__name__}.EVENTS" not in settings.EVENTS:
            settings.EVENTS = [*settings.EVENTS, f"{__name__}.EVENTS"]
        declared.cache_clear()
        of.cache_clear()

    yield declare
    EVENTS.clear()
    declared.cache_clear()
    of.cache_clear()


def test_each_role_gets_what_is_declared_for_it():
    assert defaults.give() == len(wanted()) > 0
    assert given() == wanted()


def test_what_is_declared_for_everybody_is_one_subscription_of_all():
    defaults.give()
    row = Subscription.objects.get(event="reminder.imminent")
    assert row.recipient == ("everybody", "all")


def test_giving_again_gives_nothing(django_assert_num_queries):
    defaults.give()
    with django_assert_num_queries(1):
        assert defaults.give() == 0
    assert given() == wanted()


def test_what_staff_took_away_stays_away():
    defaults.give()
    Subscription.objects.filter(recipient_key="office").delete()
    assert defaults.give() == 0
    assert not Subscription.objects.filter(recipient_key="office").exists()


def test_what_staff_had_before_is_not_doubled_and_not_changed():
    key, kind, role = min(wanted())
    Subscription.objects.create(event=key, recipient_kind=kind, recipient_key=role, asked={"at_least": 50})
    defaults.give()
    assert Subscription.objects.get(event=key, recipient_key=role).asked == {"at_least": 50}
    assert given() == wanted()


def test_a_new_event_or_role_is_given_when_it_comes_and_nothing_else(one_more):
    defaults.give()
    Subscription.objects.all().delete()
    one_more("engineer")
    assert defaults.give() == 1
    assert given() == {("test.new", "role", "engineer")}
    one_more("engineer", "office")
    assert defaults.give() == 1
    assert given() == {("test.new", "role", "engineer"), ("test.new", "role", "office")}


def test_an_event_that_is_gone_and_comes_back_is_not_given_twice(one_more):
    one_more("engineer")
    defaults.give()
    Subscription.objects.filter(event="test.new").delete()
    one_more()
    defaults.give()
    one_more("engineer")
    assert defaults.give() == 0


def test_what_was_given_is_remembered():
    defaults.give()
    names = {f"{event.key} {name}" for event in declared().values() for name in event.defaults}
    assert set(options.fresh().defaults_given) == names


@pytest.mark.django_db(transaction=True)
def test_starts_at_the_same_time_give_once():
    start, faults = threading.Barrier(3), []

    def begin():
        start.wait()
        try:
            defaults.give()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert given() == wanted()
    assert Subscription.objects.count() == len(wanted())
