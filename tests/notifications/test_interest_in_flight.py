"""Changes of subscriptions that are under way at the same time, end in any order, or die: none of them is missed."""

import threading
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection, transaction

from notifications import interest
from notifications.gaps import missing
from notifications.models import Subscription
from notifications.version import Version


def wants(key, event="incident.opened"):
    return Subscription.objects.create(event=event, recipient_kind="user", recipient_key=str(key))


def heard(memory, event="incident.opened"):
    memory.refresh()
    return len(memory.by_event[event].to_all)


@contextmanager
def under_way(change):
    """Another connection that has made a change; it is committed at the end."""
    made, commit = threading.Event(), threading.Event()

    def work():
        try:
            with transaction.atomic():
                change()
                made.set()
                commit.wait()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert made.wait(20)
    try:
        yield
    finally:
        commit.set()
        thread.join(20)


def test_what_began_first_stays_in_flight_when_what_began_later_ends_first(tmp_path):
    version = Version(tmp_path / "interest")
    version.write(0, 100.0)
    version.write(0, 110.0)
    version.write(1, 0.0, instead_of=110.0)
    assert version.read() == (1, 100.0)
    version.write(1, 0.0, instead_of=100.0)
    assert version.read() == (2, 0.0)


def test_what_was_never_ended_is_forgotten_once_it_is_too_long_ago(tmp_path):
    version = Version(tmp_path / "interest")
    for moment in range(500):
        version.write(0, 100.0 + moment / 1000)
    version.write(0, 200.0)
    version.write(1, 0.0, instead_of=200.0)
    assert version.read() == (1, 0.0)


def test_two_processes_see_the_same_of_what_is_in_flight(tmp_path):
    one, other = Version(tmp_path / "interest"), Version(tmp_path / "interest")
    one.write(0, 100.0)
    other.write(0, 101.0)
    one.write(1, 0.0, instead_of=100.0)
    assert other.read() == one.read() == (1, 101.0)


@pytest.fixture
def of_several_writers():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: changes end in their order")


@pytest.mark.django_db
def test_gaps_are_the_numbers_that_may_still_come(of_several_writers):
    assert missing({3, 4, 7}, 2, 8, 100) == {5, 6}
    assert missing({7}, 0, 8, 3) == {5, 6}


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_one_that_is_committed_after_hundreds_of_later_ones_is_not_missed(of_several_writers):
    wants(0, "outage.opened")
    for memory in (interest.Memory(), interest.Memory()):
        memory.refresh()
        with under_way(lambda: wants(1)):
            for start in range(10, 1210, 400):
                rows = [Subscription(event="site.created", recipient_kind="user", recipient_key=str(start + n))
                        for n in range(400)]  # fmt: skip
                Subscription.objects.bulk_create(rows)
            assert heard(memory) == 0
            late = interest.Memory()
            assert heard(late) == 0
        assert heard(memory) == heard(late) == 1
        Subscription.objects.exclude(event="outage.opened").delete()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_is_not_kept_because_somebody_else_changed_something(of_several_writers):
    kept, memory = wants(1), interest.Memory()
    assert heard(memory) == 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        kept.delete()
        with under_way(lambda: wants(2, "outage.opened")):
            assert heard(memory) == 0
        assert heard(memory, "outage.opened") == 1
        raise ZeroDivisionError
    assert heard(memory) == heard(memory, "outage.opened") == 1


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_one_that_dies_after_its_commit_is_seen_though_another_one_ended_meanwhile(of_several_writers):
    memory, version = interest.Memory(), Version(settings.VAR / "interest")
    memory.refresh()
    in_flight = interest.clock() + 30
    with under_way(lambda: wants(1)):
        # The dead one: its mark stays, and nobody counts its change.
        version.write(0, in_flight)
        wants(2)
        assert heard(memory) == 1
    assert version.read()[1] >= in_flight
    assert heard(memory) == 2


class Interrupted(interest.Memory):
    """One whose other thread reads everything anew at the worst moment."""

    def learn(self, keys):
        found = super().learn(keys)
        self.load()
        return found


@pytest.mark.django_db
def test_nobody_is_left_out_while_another_thread_reads_everything_anew():
    memory, rows = Interrupted(), {wants(n).pk for n in range(4)}
    memory.load()
    assert {wish.pk for wish in memory.meet(["incident.opened"], [])["incident.opened"]} == rows


class Overtaken(interest.Memory):
    """One that takes a change in while what was there before is on its way from the database."""

    changed = None

    def read(self, keys):
        found = super().read(keys)
        if self.changed is not None:
            self.changed.save()
            self.changed = None
            self.catch_up()
        return found


@pytest.mark.django_db
def test_what_was_read_before_a_change_is_not_kept_after_it():
    memory, row = Overtaken(), wants(1)
    memory.load()
    row.asked = {"at_least": 9}
    memory.changed = row
    memory.meet(["incident.opened"], [])
    [wish] = memory.meet(["incident.opened"], [])["incident.opened"]
    assert wish.asked == {"at_least": 9}
