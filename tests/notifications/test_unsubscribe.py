"""The link at the foot of an e-mail: it asks, it acts, and it says what it ended."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from notifications import actions, outbox, unsubscribing
from notifications.delivery import deliver
from notifications.models import Address, Delivery, Notice, Subscription
from tests import make
from tests.notifications.letterbox import Letterbox, listening, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(settings):
    settings.EMAIL_READY = True


@pytest.fixture
def careful():
    """A mail program: no cookies, and no token against forgery."""
    return Client(enforce_csrf_checks=True)


def link(user, *rows, **fields):
    """The path in the e-mail of a notice that these subscriptions caused."""
    outbox.tell([user], "ap-1 is down", "/", user, timezone.now())
    notice = Notice.objects.to(user).latest("pk")
    Notice.objects.filter(pk=notice.pk).update(event="incident.opened", why=[row.pk for row in rows], **fields)
    delivery = Delivery.objects.get(notice=notice, address__channel="email")
    return unsubscribing.link(Delivery.objects.get(pk=delivery.pk)).removeprefix("http://localhost:8000")


def wish(kind, key, **fields):
    return Subscription.objects.create(event="incident.opened", recipient_kind=kind, recipient_key=str(key), **fields)


def test_looking_changes_nothing_and_one_click_ends_ones_own_subscription(ready, careful):
    user = make.user()
    path = link(user, row := wish("user", user.pk))
    page = careful.get(path)
    assert page.status_code == 200
    assert "An incident opened" in page.text
    assert Subscription.objects.filter(pk=row.pk).exists()
    answer = careful.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "An incident opened" in answer.text
    assert not Subscription.objects.exists()


def test_doing_it_again_changes_nothing_and_says_so(ready, careful):
    user = make.user()
    path = link(user, wish("user", user.pk))
    careful.post(path)
    again = careful.post(path)
    assert (again.status_code, "It had ended before" in again.text) == (200, True)
    assert "has ended already" in careful.get(path).text


def test_what_a_role_hears_is_turned_off_for_this_person_alone(ready, careful):
    user, other = make.user(role="office"), make.user(role="office")
    row = wish("role", "office")
    path = link(user, row)
    careful.post(path)
    assert Subscription.objects.filter(pk=row.pk).exists()
    assert Subscription.objects.get(off=True).recipient == ("user", str(user.pk))
    assert Address.objects.of(user).get(channel="email").is_usable
    assert "has ended already" in careful.get(path).text
    actions.turn_on(user, row, user)
    assert "Stop these messages" in careful.get(path).text
    assert not Subscription.objects.to(("user", str(other.pk))).exists()


def test_what_somebody_wrote_has_no_subscription_so_e_mail_is_turned_off(ready, careful):
    user = make.user(email="ada@isp.example")
    path = link(user)
    assert "every e-mail to ada@isp.example" in careful.get(path).text
    careful.post(path)
    address = Address.objects.get(channel="email")
    assert (address.wanted, address.off_at) == (False, None)
    assert "had ended before" in careful.post(path).text


def test_every_e_mail_can_be_stopped_from_any(ready, careful):
    user = make.user()
    path = link(user, row := wish("user", user.pk))
    careful.post(path, {"all": "yes"})
    assert not Address.objects.get(channel="email").wanted
    assert Subscription.objects.filter(pk=row.pk).exists()


def test_what_waits_for_an_address_that_was_turned_off_is_not_sent(ready, careful):
    user = make.user()
    careful.post(link(user))
    assert not Delivery.objects.filter(address__channel="email", state=Delivery.State.WAITING).exists()


@pytest.mark.parametrize("change", [lambda path: path[:-3] + "x/", lambda path: "/stop/nonsense/",
                                    lambda path: path.replace("/stop/", "/stop/x")])  # fmt: skip
def test_a_link_that_is_not_ours_does_nothing(ready, careful, change):
    user = make.user()
    path = change(link(user, wish("user", user.pk)))
    for answer in (careful.get(path), careful.post(path)):
        assert answer.status_code == 404
        assert "This link is of no use" in answer.text
    assert Subscription.objects.exists()


def test_the_link_of_somebody_who_is_no_more_is_of_no_use(ready, careful):
    user = make.user()
    path = link(user, wish("user", user.pk))
    Notice.objects.all().delete()
    user.delete()
    assert careful.post(path).status_code == 404


def test_the_link_in_a_real_message_works(settings, careful):
    user, box = make.user(), Letterbox()
    with listening(box) as port:
        use(settings, port)
        outbox.tell([user], "hello", "/", user, timezone.now(), event="notice.direct")
        deliver.deliver(timezone.now())
    (message,) = box.taken
    (address,) = re.findall(r"<http://localhost:8000(/stop/\S+)>", message["List-Unsubscribe"])
    for kind in ("plain", "html"):
        assert address in message.get_body((kind,)).get_content()
    assert careful.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Address.objects.get(channel="email").wanted
