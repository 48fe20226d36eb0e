"""Sending paused: what is written waits, and is released or discarded."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications import outbox
from notifications.delivery import deliver, leases, pause, tries
from notifications.models import Delivery, Notice
from tests import make

pytestmark = pytest.mark.django_db


def told(text="hello"):
    user = make.user()
    outbox.tell([user], text, "/", user, timezone.now())
    return Delivery.objects.get(notice__text=text)


def test_while_it_is_paused_notices_are_written_and_nothing_is_sent():
    pause.pause(make.user(), "a new server is tried out")
    delivery = told()
    assert deliver.deliver(timezone.now()) == 0
    assert not deliver.waiting(timezone.now())
    assert list(pause.pending(timezone.now())) == [delivery]
    assert pause.current().why == "a new server is tried out"


def test_after_that_everything_is_sent_once():
    told()
    pause.pause()
    assert deliver.deliver(timezone.now()) == 0
    assert pause.resume()
    assert deliver.deliver(timezone.now()) == 1
    assert not pause.resume()


def test_pausing_twice_keeps_the_first():
    first = pause.pause(why="first")
    assert pause.pause(why="second").why == "first"
    assert pause.current() == first
    assert pause.is_paused()


def test_what_is_discarded_is_never_sent_and_stays_in_the_inbox():
    pause.pause()
    old, new = told("old"), told("new")
    Notice.objects.filter(text="old").update(created_at=timezone.now() - timedelta(hours=2))
    assert pause.discard(timezone.now() - timedelta(hours=1)) == 1
    pause.resume()
    deliver.deliver(timezone.now())
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == (Delivery.State.WITHDRAWN, Delivery.State.DONE)
    assert Notice.objects.told(timezone.now()).filter(text="old").exists()


def test_what_is_being_sent_is_not_discarded():
    delivery = told()
    assert leases.claim(timezone.now(), 1) == [delivery]
    assert pause.discard(timezone.now()) == 0


def test_what_was_claimed_by_a_slow_channel_before_the_pause_goes_back(settings):
    settings.EMAIL_READY = True
    told_user = make.user()
    outbox.tell([told_user], "slow", "/", told_user, timezone.now())
    (delivery,) = leases.claim(timezone.now(), 5, "email")
    pause.pause()
    tries.attempt(leases.seen_again(delivery))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.leased_until) == (Delivery.State.WAITING, 0, None)
