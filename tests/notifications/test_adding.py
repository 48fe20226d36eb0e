"""The pages on which addresses are added: who may, what each channel shows, and what becomes of the addresses."""

import pytest
from django.urls import reverse
from django.utils import timezone

from notifications import outbox
from notifications.delivery import deliver
from notifications.models import Address, CodeSent
from tests.notifications.letterbox import Letterbox, listening, use
from tests.notifications.toy import Toy, add, mine, typed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy(settings):
    settings.CHANNELS = settings.CHANNELS | {"toy": "tests.notifications.toy.Toy"}
    Toy.codes.clear()
    Toy.flown.clear()
    Toy.fault = ""
    yield
    Toy.fault = ""


PAGES = ["channel_code", "channel_code_again", "channel_change", "channel_renew", "channel_remove", "channel_turn"]


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_is_sent_to_sign_in(stranger, technician, name):
    add(technician)
    answer = stranger.post(reverse(name, args=[mine(technician).pk]), {"code": Toy.codes[0][1]})
    assert answer.status_code == 302 and "/account/login" in answer.url
    assert mine(technician).verified_at is None
    assert stranger.get(reverse("channel_add", args=["toy"])).status_code == 302


@pytest.mark.parametrize("name", PAGES)
def test_nobody_elses_address_is_touched_not_even_by_an_administrator(administrator, technician, name):
    add(technician)
    assert administrator.post(reverse(name, args=[mine(technician).pk]), {"code": Toy.codes[0][1]}).status_code == 404
    assert mine(technician).verified_at is None


def test_a_chat_is_for_administrators(administrator, technician):
    url = reverse("channel_add", args=["apprise"])
    assert technician.get(url).status_code == technician.post(url, {"url": "slack://x"}).status_code == 403
    assert "Slack" not in technician.get(reverse("channels")).text
    assert administrator.get(url).status_code == 200
    assert "Slack" in administrator.get(reverse("channels")).text


@pytest.mark.parametrize("name", ["inbox", "webpush", "sms", "nothing"])
def test_what_takes_no_addresses_has_no_form(administrator, name):
    assert administrator.get(reverse("channel_add", args=[name])).status_code == 404


def test_the_secret_of_a_webhook_is_shown_once_and_the_code_waits_for_it(technician, settings):
    settings.WEBHOOK_PRIVATE = True
    page = technician.post(reverse("channel_add", args=["webhook"]), {"url": "http://127.0.0.1:1/x"})
    assert "whsec_" in page.text and "send the code" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    address = Address.objects.get(channel="webhook")
    assert address.code == "" and not CodeSent.objects.exists()
    for name in ("channel_code", "channel"):
        assert "whsec_" not in technician.get(reverse(name, args=[address.pk])).text
    assert "whsec_" not in technician.get(reverse("channels")).text
    page = technician.post(reverse("channel_code_again", args=[address.pk]), follow=True).text
    assert "cannot be reached" in page


def test_another_mailbox_gets_its_code_by_e_mail_and_the_accounts_own_needs_none(technician, settings):
    box = Letterbox()
    with listening(box) as port:
        use(settings, port)
        technician.post(reverse("channel_add", args=["email"]), {"mailbox": "home@ISP.example"})
        technician.get(reverse("channels"))
        given = Address.objects.get(channel="email", given=True)
        other = Address.objects.get(channel="email", given=False)
        assert given.is_usable and not other.is_usable
        assert other.value == "home@isp.example"
        code = box.taken[0]["Subject"].split()[0]
        typed(technician, code, other)
        outbox.tell([technician.user], "hello", "", technician.user, timezone.now())
        deliver.by("email", timezone.now())
    assert {message["To"] for message in box.taken[1:]} == {technician.user.email, "home@isp.example"}


def test_an_account_that_moves_to_a_mailbox_of_its_own_has_it_once(technician, settings):
    settings.EMAIL_READY = True
    technician.get(reverse("channels"))
    Address.objects.create(owner=technician.user, channel="email", value="new@isp.example")
    technician.user.email = "new@isp.example"
    technician.user.save()
    technician.get(reverse("channels"))
    rows = Address.objects.filter(channel="email")
    assert [(row.value, row.given, row.is_usable) for row in rows] == [("new@isp.example", True, True)]


def test_what_one_does_not_want_by_default_is_left_to_subscriptions_that_name_it(technician):
    add(technician)
    typed(technician, Toy.codes[0][1])
    technician.post(reverse("channel_change", args=[mine(technician).pk]), {"label": "Roof"})
    assert (mine(technician).label, mine(technician).by_default) == ("Roof", False)
    assert "Only for subscriptions that name Pigeon" in technician.get(reverse("channels")).text
    outbox.tell([technician.user], "hello", "", technician.user, timezone.now())
    deliver.deliver(timezone.now())
    assert Toy.flown == []


def test_the_inbox_is_not_changed(technician):
    technician.get(reverse("channels"))
    inbox = Address.objects.get(channel="inbox")
    for name in ("channel_change", "channel_remove", "channel_turn", "channel_renew"):
        assert technician.post(reverse(name, args=[inbox.pk])).status_code == 404
    assert Address.objects.get(pk=inbox.pk).is_usable
