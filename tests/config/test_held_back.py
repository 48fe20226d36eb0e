"""What is held back after a restore: who would be told what, and letting it go or discarding it."""

import time
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from notifications.delivery import deliver, pause
from notifications.models import Act, Address, Attempt, Delivery, Notice
from tests import make

pytestmark = pytest.mark.django_db


def waiting(user, text="cpe-1 is down", minutes_ago=5) -> Delivery:
    kind, at = ContentType.objects.get_for_model(user), timezone.now() - timedelta(minutes=minutes_ago)
    notice = Notice.objects.create(
        fingerprint=str(time.monotonic_ns()), event="incident.opened", object_type=kind, object_id=user.pk,
        recipient_type=kind, recipient_id=user.pk, text=text, due_at=at, created_at=at,
    )  # fmt: skip
    whose = {"owner_type": kind, "owner_id": user.pk, "channel": "inbox"}
    address = Address.objects.get_or_create(**whose, defaults={"verified_at": at})[0]
    return Delivery.objects.create(notice=notice, address=address, channel=address.channel, due_at=at)


@pytest.fixture
def held(administrator):
    """Two that wait since different times, while all sending is paused."""
    user = make.user("engineer", name="Emeka")
    found = waiting(user, "an old one", 60 * 30), waiting(user, "a new one", 5)
    Attempt.objects.create(delivery=found[0], started_at=timezone.now())
    pause.pause(why="a backup was put back")
    return found


def test_the_page_says_what_waits_for_whom(administrator, office, held):
    page = administrator.get(reverse("held_back"))
    for words in ("2 would leave now", "an old one", "a new one", "Emeka", "(perhaps sent before)", "Inbox"):
        assert words in page.text
    assert page.text.count("(perhaps sent before)") == 1
    alarm = "All sending is paused"
    assert alarm in office.get(reverse("health")).text
    assert reverse("held_back") not in office.get(reverse("health")).text
    assert reverse("held_back") in administrator.get(reverse("health")).text


def test_what_is_old_is_discarded_and_the_rest_released(administrator, held):
    administrator.post(reverse("sending_discard"), {"hours": "24"})
    assert pause.is_paused()
    administrator.post(reverse("sending_discard"), {"hours": "a day"})
    assert [Delivery.objects.get(pk=one.pk).state for one in held] == ["withdrawn", "waiting"]
    administrator.post(reverse("sending_release"))
    assert not pause.is_paused()
    deliver.deliver(timezone.now())
    assert [Delivery.objects.get(pk=one.pk).state for one in held] == ["withdrawn", "done"]
    assert Act.objects.get(what="discarded").text.startswith("1 deliveries, written up to ")
    assert Act.objects.get(what="released").text == "1 deliveries waited"
    assert "All sending is paused" not in administrator.get(reverse("health")).text
    administrator.post(reverse("sending_release"))
    assert Act.objects.filter(what="released").count() == 1


def test_all_of_it_is_discarded_and_stays_in_the_inbox(administrator, held):
    administrator.post(reverse("sending_discard"), {"hours": "0"})
    assert {one.state for one in Delivery.objects.all()} == {"withdrawn"}
    assert Notice.objects.filter(withdrawn_at=None).count() == 2
    assert "0 would leave now" in administrator.get(reverse("held_back")).text
