"""Delivering: claim, attempt, record; nothing lost, nothing sent twice."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from config.models import User
from notifications.channels import channel
from notifications.delivery import deliver, leases, rounds, tries
from notifications.models import Address, Attempt, Delivery, Mute, Notice, Topic
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Road(channel.Channel):
    """A road that does what the test says."""

    label, icon = "Road", "road"
    fault = None
    sent = []

    def send(self, delivery):
        Road.sent.append(delivery.pk)
        if Road.fault:
            raise Road.fault


@pytest.fixture
def road(settings):
    settings.CHANNELS = {**settings.CHANNELS, "road": "tests.notifications.test_deliver.Road"}
    channel.named.cache_clear()
    # The road may have been loaded under another module name than the one the setting gives.
    found = type(channel.named("road"))
    found.fault, found.sent = None, []
    globals()["Road"] = found
    send = found.send
    yield found
    found.send = send
    channel.named.cache_clear()


def waiting(name="road", **fields):
    user = make.user()
    kind = ContentType.objects.get_for_model(user)
    address = Address.objects.create(owner=user, channel=name, value=str(user.pk), verified_at=NOW)
    notice = Notice.objects.create(
        fingerprint=str(user.pk), event="x", object_type=kind, object_id=user.pk, recipient=user,
        text="hello", due_at=NOW, created_at=NOW,
    )  # fmt: skip
    return Delivery.objects.create(**({"notice": notice, "address": address, "channel": name, "due_at": NOW} | fields))


def test_what_is_due_is_sent_once_with_an_attempt(road):
    delivery = waiting()
    assert deliver.deliver(NOW) == 1
    assert deliver.deliver(NOW) == 0
    assert road.sent == [delivery.pk]
    attempt = Attempt.objects.get()
    assert (attempt.error, attempt.ended_at is not None) == ("", True)
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DONE


def test_what_is_not_due_yet_waits(road):
    waiting(due_at=NOW + timedelta(seconds=1))
    assert not deliver.waiting(NOW)
    assert deliver.deliver(NOW) == 0
    assert deliver.waiting(NOW + timedelta(seconds=1))


def test_two_workers_never_claim_the_same_delivery(road):
    for _ in range(30):
        waiting()
    first, second = leases.claim(NOW, 20), leases.claim(NOW, 20)
    assert len(first) == 20
    assert len(second) == 10
    assert not {d.pk for d in first} & {d.pk for d in second}


def test_a_lease_that_lapsed_is_taken_again(road):
    waiting()
    assert len(leases.claim(NOW, 1)) == 1
    assert leases.claim(NOW + leases.LEASE - timedelta(seconds=1), 1) == []
    assert len(leases.claim(NOW + leases.LEASE, 1)) == 1


def test_who_comes_late_does_not_overwrite_what_another_recorded(road):
    waiting()
    (late,) = leases.claim(NOW, 1)
    (quick,) = leases.claim(NOW + leases.LEASE, 1)
    tries.attempt(quick)
    road.fault = channel.DeliveryError("slow")
    tries.attempt(late)
    assert Delivery.objects.get().state == Delivery.State.DONE


def test_who_comes_too_late_to_send_does_not_send(road):
    waiting()
    (late,) = leases.claim(NOW, 1)
    leases.claim(NOW + leases.LEASE, 1)
    tries.attempt(late)
    assert road.sent == []
    assert not Attempt.objects.exists()


def test_the_last_of_a_slow_batch_has_a_whole_lease_when_it_is_sent(road):
    waiting()
    (delivery,) = leases.claim(timezone.now() - timedelta(seconds=59), 1)
    left = []
    road.send = lambda self, sending: left.append(Delivery.objects.get().leased_until - timezone.now())
    tries.attempt(delivery)
    assert left[0] > timedelta(seconds=50)


def test_a_claim_late_in_a_long_round_has_its_own_lease(road):
    waiting()
    late = rounds.Round("road", NOW, 1, deliver.always)
    late.began -= 3600
    assert late.take().leased_until >= NOW + timedelta(hours=1) + leases.LEASE


def test_a_delivery_that_kills_its_worker_every_time_is_given_up(road):
    waiting(tries=len(tries.BACK_OFF) + 1)
    deliver.deliver(NOW)
    assert road.sent == []
    assert Delivery.objects.get().state == Delivery.State.FAILED


def test_a_try_counts_from_its_start(road):
    waiting()
    seen = []
    road.send = lambda self, sending: seen.append(Delivery.objects.get().tries)
    deliver.deliver(NOW)
    assert seen == [1]


def test_a_temporary_fault_is_tried_again_later_and_at_last_given_up(road):
    delivery = waiting()
    road.fault = channel.DeliveryError("no answer", retry_after=90)
    for number in range(1, len(tries.BACK_OFF) + 2):
        delivery.refresh_from_db()
        deliver.by("road", delivery.due_at, most=1)
        delivery.refresh_from_db()
        assert delivery.tries == number
    assert delivery.state == Delivery.State.FAILED
    assert set(Attempt.objects.values_list("error", flat=True)) == {"no answer"}
    assert Address.objects.get().off_at is None


def test_a_permanent_fault_turns_the_address_off(road):
    waiting()
    road.fault = channel.DeliveryError("gone", permanent=True)
    deliver.deliver(NOW)
    assert Address.objects.get(channel="road").off_reason == "gone"
    assert Delivery.objects.get(address__channel="road").state == Delivery.State.FAILED


def test_a_fault_of_one_channel_does_not_hold_up_another(road, caplog):
    waiting()
    inbox = waiting("inbox")
    road.fault = ZeroDivisionError("ours")
    deliver.deliver(NOW)
    inbox.refresh_from_db()
    assert inbox.state == Delivery.State.DONE
    assert Topic.objects.get().name == f"inbox:{inbox.notice.recipient_id}"
    assert "channel road failed" in caplog.text


def test_what_cannot_be_judged_is_put_off_and_those_behind_it_leave(road, monkeypatch, caplog):
    before, broken, behind = (waiting(due_at=NOW - timedelta(seconds=left)) for left in (3, 2, 1))
    Mute.objects.create(user=make.user(), about=make.equipment())

    def scopes(user):
        return [("nowhere.Nothing", 1)] if user.pk == broken.notice.recipient_id else []

    monkeypatch.setattr(User, "scopes", scopes, raising=False)
    deliver.deliver(NOW)
    assert road.sent == [before.pk, behind.pk]
    broken.refresh_from_db()
    assert (broken.state, broken.lease, broken.due_at > NOW + timedelta(minutes=9)) == ("waiting", "", True)
    assert not Attempt.objects.filter(ended_at=None).exists()
    assert "could not be tried" in caplog.text


def test_a_withdrawn_notice_is_not_sent(road):
    delivery = waiting()
    Notice.objects.update(withdrawn_at=NOW)
    deliver.deliver(NOW)
    assert road.sent == []
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.WITHDRAWN


def test_what_a_killed_process_had_taken_is_sent_at_the_next_start_of_its_host(road):
    delivery = waiting()
    assert leases.claim(NOW, 1) == [delivery]
    assert deliver.deliver(NOW) == 0
    assert leases.release() == 1
    assert deliver.deliver(NOW) == 1
    assert leases.release() == 0


def test_a_start_leaves_alone_what_another_host_is_sending(road):
    delivery = waiting(lease="elsewhere:0123456789abcdef", leased_until=NOW + timedelta(seconds=30))
    leases.release()
    assert deliver.deliver(NOW) == 0
    delivery.refresh_from_db()
    assert delivery.lease == "elsewhere:0123456789abcdef"
