"""Lanes: one message at a time each, more of them where it is slow, and nobody waits for one that hangs."""

import threading
import time
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from notifications import hosts
from notifications.channels import channel
from notifications.delivery import carriers, deliver, leases, rounds
from notifications.models import Address, Attempt, Delivery, Notice
from tests import make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


class Road(channel.Channel):
    """A road on which some deliveries hang until the test lets them go."""

    label, icon = "Road", "road"
    lanes = 3
    hang: set[str] = set()
    slow = 0.0
    go = threading.Event()
    sent: list[str] = []
    at_once = most = 0

    def send(self, delivery):
        here = type(self)
        here.at_once += 1
        here.most = max(here.most, here.at_once)
        try:
            if delivery.notice.text in here.hang:
                assert here.go.wait(20)
            time.sleep(here.slow)
            here.sent.append(delivery.notice.text)
        finally:
            here.at_once -= 1


@pytest.fixture
def road(settings):
    settings.CHANNELS = {**settings.CHANNELS, "road": "tests.notifications.test_lanes.Road"}
    channel.named.cache_clear()
    found = type(channel.named("road"))
    found.hang, found.slow, found.go, found.sent = set(), 0.0, threading.Event(), []
    found.at_once = found.most = 0
    yield found
    found.go.set()
    carriers.carriers.wait(10)
    channel.named.cache_clear()


def waiting(count):
    user = make.user()
    kind = ContentType.objects.get_for_model(user)
    address = Address.objects.create(owner=user, channel="road", value="x", verified_at=timezone.now())
    for number in range(count):
        notice = Notice.objects.create(
            fingerprint=f"{user.pk} {number}", event="", object_type=kind, object_id=user.pk, recipient=user,
            text=str(number), due_at=timezone.now(), created_at=timezone.now(),
        )  # fmt: skip
        Delivery.objects.create(notice=notice, address=address, channel=address.channel, due_at=timezone.now())


def until(what, seconds=10):
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit, "it never came about"
        time.sleep(0.02)


def test_what_hangs_holds_itself_and_nothing_else(road):
    road.hang = {"0"}
    waiting(30)
    carriers.carry(timezone.now())
    until(lambda: len(road.sent) == 29)
    until(lambda: Delivery.objects.filter(state=Delivery.State.DONE).count() == 29)
    assert Attempt.objects.filter(ended_at=None).count() == 1
    road.go.set()
    assert carriers.carriers.wait(10)
    assert sorted(road.sent, key=int) == [str(number) for number in range(30)]
    assert set(Delivery.objects.values_list("state", "tries")) == {("done", 1)}


def test_what_comes_while_every_lane_hangs_has_another_one(road):
    road.hang = {"0"}
    waiting(1)
    carriers.carry(timezone.now())
    until(lambda: road.at_once == 1)
    road.hang = {"0", "1"}
    waiting(2)
    Delivery.objects.filter(notice__text="0").exclude(tries=1).delete()
    carriers.carry(timezone.now())
    until(lambda: road.at_once == 2)
    road.hang = set()
    waiting(1)
    Notice.objects.filter(deliveries__tries=0).update(text="2")
    carriers.carry(timezone.now())
    until(lambda: road.sent == ["2"])
    assert road.at_once == 2


def test_what_is_quick_leaves_by_one_lane_and_what_is_slow_by_several(road):
    waiting(60)
    carriers.carry(timezone.now())
    assert carriers.carriers.wait(20)
    assert (len(road.sent), road.most) == (60, 1)
    road.slow = 0.6
    waiting(8)
    carriers.carry(timezone.now())
    assert carriers.carriers.wait(20)
    assert (len(road.sent), road.most) == (68, 3)


def test_what_takes_longer_than_its_lease_is_not_sent_by_another_worker(road, monkeypatch):
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=3))
    monkeypatch.setattr(carriers, "RENEW", 0.3)
    road.hang = {"0"}
    waiting(1)
    carriers.carry(timezone.now())
    until(lambda: road.at_once == 1)
    began = time.monotonic()
    while time.monotonic() - began < 5:
        assert leases.claim(timezone.now(), 5, "road") == []
        time.sleep(0.1)
    road.go.set()
    assert carriers.carriers.wait(10)
    assert (road.sent, Delivery.objects.get().state) == (["0"], Delivery.State.DONE)


def test_what_hangs_for_ever_is_given_up_after_a_while(road):
    waiting(1)
    hanging = rounds.Round("road", timezone.now(), 1, deliver.always)
    delivery = hanging.take()
    hanging.in_hand[0] = delivery, time.monotonic() - rounds.LONGEST - 1
    Delivery.objects.update(leased_until=timezone.now() + timedelta(seconds=5))
    hanging.renew()
    assert Delivery.objects.get().leased_until < timezone.now() + timedelta(seconds=6)


def test_nothing_is_left_unwritten_while_the_next_is_looked_for(road):
    waiting(rounds.BATCH + 1)
    seen = []
    send = road.send
    road.send = lambda self, delivery: seen.append(Delivery.objects.filter(state="done").count())
    deliver.by("road", timezone.now())
    road.send = send
    assert seen == list(range(rounds.BATCH + 1))


def test_each_message_takes_one_transaction(road):
    waiting(10)
    statements = []

    def note(execute, sql, params, many, context):
        statements.append(sql.split()[0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        deliver.by("road", timezone.now())
    assert Delivery.objects.filter(state="done").count() == 10
    # What is claimed costs some more, once for twenty.
    assert statements.count("UPDATE") == 10 * 3 + 1
    assert statements.count("INSERT") == 10


def test_a_process_that_stands_in_for_a_killed_one_takes_its_deliveries_at_once(road):
    waiting(3)
    dead = f"{hosts.HERE}:4194305:00000000"  # Linux gives no number as high
    Delivery.objects.update(lease=dead, leased_until=timezone.now() + timedelta(seconds=60))
    alive = Delivery.objects.first()
    Delivery.objects.filter(pk=alive.pk).update(lease=f"{hosts.HERE}:1:00000000")
    assert leases.release_dead() == 2
    assert len(leases.claim(timezone.now(), 5, "road")) == 2
