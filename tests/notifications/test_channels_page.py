"""My channels: one's own roads, whether they work, and a real test of each."""

import pytest
from django.urls import reverse
from django.utils import timezone

from notifications.channels import browsers
from notifications.delivery import deliver
from notifications.models import Address, Delivery, Notice
from tests import make
from tests.notifications.letterbox import Letterbox, listening, use
from tests.notifications.pushed import Browser, serving

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def row(client, channel):
    """The address of this channel; looking at the page makes those that everybody has."""
    client.get(reverse("channels"))
    return Address.objects.of(client.user).get(channel=channel)


def press(client, name, address, data=None, **headers):
    return client.post(reverse(name, args=[address.pk]), data or {}, headers=headers)


def pushed(user, name="one"):
    browser = Browser(f"https://fcm.googleapis.com/fcm/send/{name}")
    return browsers.register(user, browsers.read(browser.subscription), "Firefox/153.0 Linux")


@pytest.mark.parametrize("name", ["channel", "channel_test", "channel_turn", "channel_remove"])
def test_a_stranger_is_sent_to_sign_in(stranger, name):
    address = pushed(make.user())
    assert stranger.get(reverse("channels")).status_code == 302
    assert press(stranger, name, address).status_code == 302
    assert Address.objects.get(pk=address.pk).wanted


@pytest.mark.parametrize("who", ["technician", "administrator"])
@pytest.mark.parametrize("name", ["channel", "channel_test", "channel_turn", "channel_remove"])
def test_another_members_channel_is_nobody_elses(request, who, name):
    client, address = request.getfixturevalue(who), pushed(make.user())
    assert press(client, name, address).status_code == 404
    assert client.get(reverse("channel", args=[address.pk])).status_code == 404
    assert Address.objects.get(pk=address.pk).wanted
    assert not Delivery.objects.exists()
    assert "Firefox on Linux" not in client.get(reverse("channels")).text


def test_without_a_mail_server_it_says_so_and_offers_nothing(technician):
    page = technician.get(reverse("channels"))
    assert "E-mail is not set up" in page.text
    assert not Address.objects.filter(channel="email").exists()
    assert "Inbox" in page.text


def test_it_lists_ones_own_and_keeps_the_address_in_step(technician, settings):
    settings.EMAIL_READY = True
    pushed(technician.user)
    page = technician.get(reverse("channels"))
    assert technician.user.email in page.text
    assert "Firefox on Linux" in page.text
    technician.user.email = "moved@isp.example"
    technician.user.save()
    assert "moved@isp.example" in technician.get(reverse("channels")).text
    assert Address.objects.filter(channel="email").count() == 1


def test_a_test_of_e_mail_really_arrives_and_the_page_says_so(technician, settings):
    box = Letterbox()
    with listening(box) as port:
        use(settings, port)
        address = row(technician, "email")
        assert "Sending" in press(technician, "channel_test", address, **HTMX).text
        deliver.deliver(timezone.now())
    assert "This is a test of E-mail: it works if you read it there" in box.taken[0]["Subject"]
    page = technician.get(reverse("channel", args=[address.pk])).text
    assert "Last delivered" in page
    assert "every 1s" not in page
    assert Notice.objects.get().read_at is not None


def test_a_test_that_fails_shows_the_words_and_when_it_is_tried_again(technician, settings):
    box = Letterbox()
    box.sender = "550 5.7.1 not from here"
    with listening(box) as port:
        use(settings, port)
        address = row(technician, "email")
        press(technician, "channel_test", address)
        deliver.deliver(timezone.now())
    page = technician.get(reverse("channels")).text
    assert "550 5.7.1 not from here" in page
    assert "It is tried again at" in page


def test_a_test_of_push_goes_to_that_browser_alone(technician, settings):
    settings.PUSH_HOSTS = ["127.0.0.1"]
    with serving() as service:
        for name in ("one", "two"):
            browsers.register(technician.user, browsers.read(service.browser(name).subscription), "")
        address = Address.objects.get(value__endswith="/two")
        press(technician, "channel_test", address)
        deliver.deliver(timezone.now())
    assert [path for path, _, _ in service.came] == ["/two"]


def test_a_test_of_the_inbox_is_unread_there(technician):
    press(technician, "channel_test", row(technician, "inbox"))
    assert Notice.objects.to(technician.user).unread().count() == 1


def test_pressing_test_many_times_sends_one(technician):
    address = row(technician, "inbox")
    for _ in range(5):
        press(technician, "channel_test", address)
    assert Delivery.objects.count() == 1


def test_what_did_not_work_says_why_and_is_turned_on_again(technician, settings):
    settings.EMAIL_READY = True
    address = row(technician, "email")
    Address.objects.filter(pk=address.pk).update(off_at=timezone.now(), off_reason="550 no such user")
    page = technician.get(reverse("channels")).text
    assert "550 no such user" in page and "Turn on again" in page
    press(technician, "channel_turn", address, {"on": "yes"})
    assert Address.objects.get(pk=address.pk).is_usable
    press(technician, "channel_turn", address)
    assert not Address.objects.get(pk=address.pk).is_usable
    assert "You turned it off" in technician.get(reverse("channels")).text


def test_nothing_is_sent_by_a_channel_that_is_off(technician, settings):
    settings.EMAIL_READY = True
    address = row(technician, "email")
    press(technician, "channel_turn", address)
    press(technician, "channel_test", address)
    assert not Delivery.objects.exists()


def test_the_inbox_cannot_be_turned_off(technician):
    address = row(technician, "inbox")
    assert press(technician, "channel_turn", address).status_code == 404
    assert Address.objects.get(pk=address.pk).is_usable


def test_a_change_says_that_it_is_saved(technician):
    address = pushed(technician.user)
    answer = technician.post(reverse("channel_change", args=[address.pk]), {"label": "My phone"}, follow=True)
    assert "Saved." in answer.text and "My phone" in answer.text


def test_a_browser_is_removed_and_removing_it_again_changes_nothing(technician):
    address = pushed(technician.user)
    press(technician, "channel_remove", address)
    assert press(technician, "channel_remove", address).status_code == 302
    technician.get(reverse("channels"))
    assert "Firefox on Linux" not in technician.get(reverse("channels")).text


def test_the_page_costs_no_more_queries_with_more_browsers(technician, django_assert_max_num_queries):
    for number in range(15):
        pushed(technician.user, str(number))
    technician.get(reverse("channels"))
    with django_assert_max_num_queries(14):
        technician.get(reverse("channels"))
