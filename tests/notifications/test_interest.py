"""What a process has in memory of everybody's interest is what the database says, whatever happened in between."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from customers.models import Equipment
from notifications import interest
from notifications.event import declared
from notifications.models import InterestChange, Mute, Notice, Subscription
from outages.models import Incident
from tests import make
from tests.notifications.writer import writer

EVENTS = ["incident.opened", "outage.opened"]


def kind():
    return ContentType.objects.get_for_model(Equipment)


def wants(event="incident.opened", key="1", about=None, **fields):
    scope = {"object_type": kind(), "object_id": about} if about else {}
    return Subscription.objects.create(event=event, recipient_kind="user", recipient_key=key, **scope, **fields)


def says(memory):
    """What a memory holds, in an order that means nothing."""
    return {
        event: (
            set(found.to_all),
            {scope: set(w if isinstance(w, tuple) else (w,)) for scope, w in found.to_one.items()},
            found.asking,
        )
        for event, found in memory.by_event.items()
    }


def fresh():
    memory = interest.Memory()
    memory.load()
    return memory


class RolledBack(Exception):
    pass


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["make", "move", "turn", "drop", "drop some", "change some", "make some", "undone", "mute"]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from(EVENTS),
    ),
    max_size=12,
)


def take(step, one, other, event):
    rows = Subscription.objects.order_by("pk")
    row = rows[one : one + 1].first()
    if step == "make" and not rows.filter(event=event, recipient_key=str(one), object_id=other or None).exists():
        wants(event, str(one), other)
    elif step == "move" and row and not rows.filter(event=event, recipient_key=str(1000 + row.pk)).exists():
        row.event, row.recipient_key = event, str(1000 + row.pk)
        row.object_type, row.object_id = (kind(), other) if other else (None, None)
        row.save()
    elif step == "turn" and row:
        row.off = not row.off
        row.save()
    elif step == "drop" and row:
        row.delete()
    elif step == "drop some":
        rows.filter(event=event).delete()
    elif step == "change some":
        rows.filter(event=event).update(off=bool(one % 2))
    elif step == "make some":
        many = [Subscription(event=event, recipient_kind="role", recipient_key=f"{one}{n}") for n in range(other)]
        Subscription.objects.bulk_create(many, ignore_conflicts=True)
    elif step == "mute":
        Mute.objects.get_or_create(user=make.user(), object_type=kind(), object_id=other + 1)


@pytest.mark.django_db
@bounds(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_after_any_changes_it_is_what_a_fresh_start_would_read(steps):
    with transaction.atomic():
        memory = interest.Memory()
        memory.refresh()
        for step, one, other, event in steps:
            if step == "undone":
                try:
                    with transaction.atomic():
                        take("make", one, other, event)
                        memory.refresh()
                        raise RolledBack
                except RolledBack:
                    pass
            else:
                take(step, one, other, event)
            if one % 2:
                memory.refresh()
        memory.refresh()
        expected = fresh()
        assert says(memory) == says(expected)
        assert (memory.labels, memory.mutes) == (expected.labels, expected.mutes)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_only_what_was_changed_is_read_again(django_assert_num_queries):
    wants()
    memory = interest.Memory()
    memory.refresh()
    row = wants(about=5)
    with django_assert_num_queries(1):
        memory.refresh()
    assert memory.by_event["incident.opened"].of([(kind().pk, 5)])[-1] == row.pk


@pytest.mark.django_db
def test_what_a_subscription_asks_for_is_read_once_and_again_when_it_was_changed(django_assert_num_queries):
    row = wants(asked={"customers": 5})
    memory = interest.Memory()
    memory.refresh()
    with django_assert_num_queries(1):
        assert [memory.meet(EVENTS, [])["incident.opened"][0].asked for _ in range(3)] == [{"customers": 5}] * 3
    Subscription.objects.filter(pk=row.pk).update(asked={"customers": 9})
    memory.refresh()
    assert memory.meet(EVENTS, [])["incident.opened"][0].asked == {"customers": 9}


@pytest.mark.django_db
def test_many_changes_at_once_are_one_row_that_lets_everybody_read_all_again():
    memory = interest.Memory()
    memory.refresh()
    before = InterestChange.objects.count()
    Subscription.objects.bulk_create(
        [Subscription(event="incident.opened", recipient_kind="user", recipient_key=str(n)) for n in range(600)]
    )
    assert InterestChange.objects.count() == before + 1
    memory.refresh()
    assert len(memory.by_event["incident.opened"].to_all) == 600


@pytest.mark.django_db
def test_a_change_with_a_lower_number_that_is_committed_later_is_not_missed():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: numbers are in the order of commits")
    first, second = wants(), wants("outage.opened")
    late = InterestChange.objects.get(wish=first.pk)
    values = {field.attname: getattr(late, field.attname) for field in InterestChange._meta.fields}
    late.delete()
    memory = interest.Memory()
    memory.load()
    memory.by_event["incident.opened"].remove(first.place)
    memory.seen.discard(values["id"])
    InterestChange.objects.create(**values)
    memory.catch_up()
    assert memory.by_event["incident.opened"].to_all == (first.pk,)
    assert memory.by_event["outage.opened"].to_all == (second.pk,)


@pytest.mark.django_db
def test_when_the_last_change_that_was_read_is_gone_everything_is_read():
    wants()
    memory = interest.Memory()
    memory.refresh()
    row = wants("outage.opened")
    memory.refresh()
    # Rolled back in the database, and its number given to another change.
    last = InterestChange.objects.order_by("-pk").first()
    Subscription.objects.filter(pk=row.pk)._raw_delete("default")
    InterestChange.objects.filter(pk=last.pk).update(token="another", wish=0, event="")
    memory.clean = b""
    memory.refresh()
    assert memory.by_event["outage.opened"].to_all == ()


@pytest.mark.django_db
def test_changes_that_were_read_long_ago_are_forgotten_and_a_late_reader_reads_all():
    memory, late = interest.Memory(), interest.Memory()
    wants(key="0")
    late.refresh()
    for number in range(1, 5):
        wants(key=str(number))
    memory.refresh()
    assert interest.forget(keep=2) == 3
    wants(key="99")
    for one in (memory, late):
        one.refresh()
        assert len(one.by_event["incident.opened"].to_all) == 6


@pytest.mark.django_db
def test_a_subscription_to_an_event_that_is_declared_no_more_is_left_aside():
    wants("long.gone")
    memory = interest.Memory()
    memory.refresh()
    wants("gone.as.well")
    memory.refresh()
    assert memory.by_event.keys() == declared().keys()
    assert memory.labels == frozenset()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_what_another_process_has_committed_is_seen_by_the_very_next_question():
    memory = interest.Memory()
    with writer() as other:
        for number in range(300):
            other.subscribe(number)
            memory.refresh()
            assert len(memory.by_event["incident.opened"].to_all) == number + 1


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_the_very_next_save_after_another_process_subscribed_somebody_tells_them():
    people = [make.user() for _ in range(40)]
    device = make.equipment(kind="ap")
    now = timezone.now()
    with writer() as other:
        for number, person in enumerate(people, 1):
            other.subscribe(person.pk)
            incident = Incident.objects.create(equipment=device, opened_at=now, closed_at=now)
            assert Notice.objects.filter(object_id=incident.pk).count() == number


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_after_its_commit_costs_time_and_no_truth():
    memory = interest.Memory()
    memory.refresh()
    with writer() as other:
        other.be_killed("after", 7)
    memory.refresh()
    assert len(memory.by_event["incident.opened"].to_all) == 1
    assert memory.version.read()[1] > interest.clock()
    with writer() as another:
        another.subscribe(8)
    memory.refresh()
    assert len(memory.by_event["incident.opened"].to_all) == 2


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_before_its_commit_has_changed_nothing_and_holds_up_nobody():
    memory = interest.Memory()
    memory.refresh()
    with writer() as other:
        other.be_killed("before", 7)
    memory.refresh()
    assert not memory.by_event["incident.opened"].to_all
    with writer() as another:
        another.subscribe(8)
    memory.refresh()
    assert len(memory.by_event["incident.opened"].to_all) == 1
