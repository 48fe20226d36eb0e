"""Pacing: limits of a channel kept by all workers together, and whoever asks us to slow down is left alone."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.utils import timezone

from config import env
from notifications import outbox
from notifications.channels import browsers
from notifications.delivery import deliver, leases, pacing
from notifications.models import Address, Attempt, Delivery, Notice, Pace
from tests import make
from tests.notifications import test_email_provider as postmark
from tests.notifications.letterbox import Letterbox, listening, use
from tests.notifications.pushed import serving

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
provider = postmark.provider


def waiting(count, channel="email"):
    user = make.user()
    kind = ContentType.objects.get_for_model(user)
    address = Address.objects.create(owner=user, channel=channel, value=user.email, verified_at=NOW)
    for number in range(count):
        notice = Notice.objects.create(
            fingerprint=f"{user.pk} {number}", event="", object_type=kind, object_id=user.pk, recipient=user,
            text=f"number {number}", due_at=NOW, created_at=NOW,
        )  # fmt: skip
        Delivery.objects.create(notice=notice, address=address, channel=address.channel, due_at=NOW)


def sent():
    return Delivery.objects.filter(state=Delivery.State.DONE).count()


@pytest.fixture
def box(settings):
    letterbox = Letterbox()
    with listening(letterbox) as port:
        use(settings, port)
        yield letterbox


def test_no_more_leaves_in_a_minute_than_may_and_the_rest_waits_without_losing_a_try(box, settings):
    settings.CHANNEL_LIMITS = {"email": 5}
    waiting(12)
    deliver.by("email", NOW)
    assert (sent(), len(box.taken)) == (5, 5)
    deliver.by("email", NOW + timedelta(seconds=55))
    assert sent() == 5
    assert set(Delivery.objects.exclude(state="done").values_list("tries", "leased_until")) == {(0, None)}
    deliver.by("email", NOW + timedelta(seconds=66))
    assert sent() == 10
    deliver.by("email", NOW + timedelta(seconds=140))
    assert sent() == Attempt.objects.count() == 12


def test_it_is_a_minute_whenever_it_begins(box, settings):
    settings.CHANNEL_LIMITS = {"email": 4}
    waiting(20)
    at = []
    for second in range(0, 180, 3):
        before = sent()
        deliver.by("email", NOW + timedelta(seconds=second))
        at += [second] * (sent() - before)
    assert all(sum(start <= one < start + 60 for one in at) <= 4 for start in range(180))
    assert len(at) >= 8


@pytest.mark.django_db(transaction=True)
def test_two_workers_keep_a_limit_together(settings):
    settings.CHANNEL_LIMITS = {"email": 7}
    waiting(30)
    claimed = []

    def work():
        for _ in range(5):
            claimed.extend(leases.claim(NOW, 3, "email"))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == len({one.pk for one in claimed}) == 7


def test_a_channel_says_its_own_limit_and_the_operator_another(settings):
    settings.CHANNEL_LIMITS = {"email": 3}
    assert (pacing.per_minute("email"), pacing.per_minute("inbox"), pacing.per_minute("no such")) == (3, None, None)


def test_a_limit_that_makes_no_sense_stops_the_start(monkeypatch, capsys):
    for value in ("fax=3", "email=0", "email=many", "email"):
        monkeypatch.setenv("CHANNEL_LIMITS", value)
        with pytest.raises(SystemExit):
            env.limits("CHANNEL_LIMITS", ["email", "sms"])
        assert "CHANNEL_LIMITS" in capsys.readouterr().err
    monkeypatch.setenv("CHANNEL_LIMITS", " email = 60, sms=5 ")
    assert env.limits("CHANNEL_LIMITS", ["email", "sms"]) == {"email": 60, "sms": 5}


def pushed(service, name):
    user = make.user()
    browsers.register(user, browsers.read(service.browser(name).subscription), "")
    outbox.tell([user], f"to {name}", "/", user, timezone.now())


@pytest.mark.parametrize("status", [429, 503])
def test_a_push_service_that_asks_for_time_gets_it_from_everybody_and_no_other_waits(settings, status):
    settings.PUSH_HOSTS = ["127.0.0.1"]
    with serving() as busy, serving() as other:
        for name in ("/one", "/two", "/three"):
            busy.answers[name] = (status, {"Retry-After": "120"})
        for service, name in ((busy, "one"), (busy, "two"), (other, "four"), (busy, "three"), (other, "five")):
            pushed(service, name)
        now = timezone.now()
        deliver.by("webpush", now)
        assert (len(busy.came), len(other.came)) == (1, 2)
        held = Delivery.objects.filter(address__channel="webpush", state=Delivery.State.WAITING)
        assert sorted(held.values_list("tries", flat=True)) == [0, 0, 1]
        assert all(one.due_at - now > timedelta(seconds=118) for one in held)
        # Whoever comes later, from whichever process, waits as well.
        pushed(busy, "six")
        pacing._closed.clear()
        deliver.by("webpush", timezone.now())
        assert len(busy.came) == 1
        busy.answers.clear()
        deliver.by("webpush", now + timedelta(seconds=125))
        assert len(busy.came) == 5
    assert not held.all().exists()


def test_a_push_service_that_is_busy_without_saying_how_long_is_asked_by_the_others(settings):
    settings.PUSH_HOSTS = ["127.0.0.1"]
    with serving() as service:
        service.answers["/one"] = (429, {})
        for name in ("one", "two"):
            pushed(service, name)
        deliver.by("webpush", timezone.now())
        assert [path for path, _, _ in service.came] == ["/one", "/two"]
    assert not Pace.objects.exclude(closed_until=None).exists()


def test_a_provider_that_asks_for_time_gets_it_from_the_whole_channel(provider):
    provider.answer, provider.headers = (429, {"ErrorCode": 429, "Message": "Slow"}), {"Retry-After": "90"}
    for _ in range(5):
        user = make.user()
        outbox.tell([user], "ap-1 is down", "/", user, timezone.now())
    now = timezone.now()
    deliver.by("email", now)
    deliver.by("email", now + timedelta(seconds=30))
    assert len(provider.came) == 1
    provider.answer, provider.headers = (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "one"}), {}
    deliver.by("email", now + timedelta(seconds=95))
    assert len(provider.came) == 6
