"""Web push against a real push service on loopback: what arrives, and what each answer does."""

import base64
import json
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone
from django.utils.http import http_date

from notifications import outbox
from notifications.channels import browsers, push_key, webpush
from notifications.delivery import deliver
from notifications.models import Address, Attempt, Delivery, Notice, PushKey
from tests import make
from tests.notifications.pushed import serving

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"


@pytest.fixture
def service(settings):
    settings.PUSH_HOSTS = ["127.0.0.1"]
    with serving() as running:
        yield running


def registered(service, user, name="one"):
    browser = service.browser(name)
    return browser, browsers.register(user, browsers.read(browser.subscription), FIREFOX)


def told(user, text="ap-1 is down", **fields):
    outbox.tell([user], text, "/incidents/7/", user, timezone.now())
    notice = Notice.objects.to(user).latest("pk")
    Notice.objects.filter(pk=notice.pk).update(**fields)
    return Delivery.objects.get(notice=notice, address__channel="webpush")


def sent(user, **fields):
    delivery = told(user, **fields)
    deliver.deliver(timezone.now())
    delivery.refresh_from_db()
    return delivery


def error(delivery):
    return delivery.attempts.last().error


def about(thing):
    return {"event": "x", "object_type": ContentType.objects.get_for_model(thing), "object_id": thing.pk}


def test_only_the_browser_can_read_what_arrives(service):
    user = make.user()
    browser, _ = registered(service, user)
    site = make.site("Tower North")
    assert sent(user, tone="down", **about(site)).state == Delivery.State.DONE
    ((path, headers, body),) = service.came
    shown = browser.read(body)
    assert (path, shown["title"], shown["body"]) == ("/one", "Tower North", "ap-1 is down")
    assert shown["url"] == "/incidents/7/"
    assert b"ap-1" not in body
    assert (headers["urgency"], headers["ttl"]) == ("high", "86400")
    assert headers["topic"] == shown["tag"] == f"site-{site.pk}"


def test_it_is_signed_with_a_key_that_is_made_once_and_sealed(service, settings):
    user = make.user()
    registered(service, user)
    sent(user)
    signed, key = (part.split("=", 1)[1] for part in service.came[0][1]["authorization"].split(" ", 1)[1].split(","))
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    assert claims["aud"] == service.url
    assert claims["sub"].startswith("mailto:")
    assert key == push_key.public() == push_key.public()
    with connection.cursor() as cursor:
        cursor.execute("SELECT private FROM notifications_pushkey")
        (stored,) = cursor.fetchone()
    assert push_key.private() not in stored
    assert PushKey.objects.count() == 1


def test_that_it_is_back_takes_the_place_of_that_it_is_down(service):
    user, site = make.user(), make.site()
    browser, _ = registered(service, user)
    sent(user, text="it is down", tone="down", **about(site))
    sent(user, text="it is back", tone="up", **about(site))
    tags = {browser.read(body)["tag"] for _, _, body in service.came}
    assert len(tags) == 1
    assert {headers["topic"] for _, headers, _ in service.came} == tags


def test_the_longest_words_and_names_fit(service):
    user = make.user()
    browser, _ = registered(service, user)
    thing = make.site("\N{TOKYO TOWER}" * 100)
    delivery = sent(user, text="\N{SATELLITE ANTENNA}" * 280, link="/" + "x" * 299, **about(thing))
    assert delivery.state == Delivery.State.DONE
    assert len(service.came[0][2]) < 4096
    assert len(service.came[0][1]["topic"]) <= 32
    assert browser.read(service.came[0][2])["body"] == "\N{SATELLITE ANTENNA}" * 280


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_removed_and_its_owner_finds_that_in_the_inbox(service, status):
    user = make.user()
    registered(service, user)
    service.answers["/one"] = (status, {})
    delivery = sent(user)
    assert delivery.state == Delivery.State.FAILED
    assert (delivery.address, delivery.gone) == (None, "Firefox on Linux")
    assert str(status) in error(delivery)
    assert not Address.objects.filter(channel="webpush").exists()
    news = Notice.objects.to(user).get(text__contains="was removed")
    assert [one.address.channel for one in news.deliveries.all()] == ["inbox"]


@pytest.mark.parametrize("status", [400, 403, 413])
def test_a_message_that_is_refused_is_not_sent_again_and_the_browser_stays(service, status):
    user = make.user()
    registered(service, user)
    service.answers["/one"] = (status, {})
    delivery = sent(user)
    assert delivery.state == Delivery.State.FAILED
    assert str(status) in error(delivery)
    assert Address.objects.get(channel="webpush").is_usable


@pytest.mark.parametrize("status", [429, 500, 503, 0])
def test_what_passes_is_tried_again(service, status):
    user = make.user()
    registered(service, user)
    service.answers["/one"] = (status, {})
    delivery = sent(user)
    assert (delivery.state, delivery.tries) == (Delivery.State.WAITING, 1)
    service.answers.clear()
    deliver.deliver(delivery.due_at)
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DONE


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_it_waits_as_long_as_the_push_service_asks(service, form):
    user = make.user()
    registered(service, user)
    value = "120" if form == "seconds" else http_date(timezone.now().timestamp() + 121)
    service.answers["/one"] = (429, {"Retry-After": value})
    wait = sent(user).due_at - timezone.now()
    assert timedelta(seconds=115) < wait < timedelta(seconds=122)


@pytest.mark.parametrize("value", ["soon", "-5", "", "99999999999", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"])
def test_an_odd_wish_to_wait_harms_nothing(service, value):
    user = make.user()
    registered(service, user)
    service.answers["/one"] = (429, {"Retry-After": value})
    assert sent(user).due_at - timezone.now() <= timedelta(hours=10)
    error = Attempt.objects.get(delivery__address__channel="webpush").error
    assert error.startswith("The push service asks us")


def test_a_push_service_leads_nowhere_else(service):
    user = make.user()
    registered(service, user)
    service.answers["/one"] = (302, {"Location": f"{service.url}/elsewhere"})
    assert sent(user).state == Delivery.State.FAILED
    assert [path for path, _, _ in service.came] == ["/one"]


def test_a_host_that_is_not_allowed_any_more_is_not_asked(service, settings):
    user = make.user()
    registered(service, user)
    settings.PUSH_HOSTS = []
    delivery = sent(user)
    assert delivery.state == Delivery.State.FAILED
    assert "not allowed" in error(delivery)
    assert service.came == []


def test_nobody_listening_is_a_passing_fault(settings):
    settings.PUSH_HOSTS = ["127.0.0.1"]
    user = make.user()
    with serving() as service:
        registered(service, user)
    delivery = sent(user)
    assert delivery.state == Delivery.State.WAITING
    assert "cannot be reached" in error(delivery)


def test_a_key_that_cannot_be_opened_is_said_and_not_replaced(service):
    user = make.user()
    registered(service, user)
    push_key.private()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_pushkey SET private = 'sealed by another'")
    delivery = sent(user)
    assert "SEAL_KEY" in error(delivery)
    assert delivery.state == Delivery.State.WAITING
    assert PushKey.objects.get().private.sealed == "sealed by another"


def test_the_sender_of_our_mail_or_our_address_says_who_pushes(settings):
    settings.DEFAULT_FROM_EMAIL, settings.PUBLIC_URL = "Desk <desk@isp.example>", "https://desk.isp.example"
    assert webpush.subject() == "https://desk.isp.example"
    settings.EMAIL_READY = True
    assert webpush.subject() == "mailto:desk@isp.example"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/x", "https://fcm.googleapis.com.evil.example/x", "https://evil.example/x",
        "https://fcm.googleapis.com@evil.example/x", "https://fcm.googleapis.com:8443/x", "https://127.0.0.1/x",
        r"https://evil.example\.push.apple.com/x", r"https://127.0.0.1\.notify.windows.com/x",
        "https://evil.example%2f.push.apple.com/x", "https://.push.apple.com/x",
        "https://notify.windows.com/x", "https://[::1/x", "ftp://127.0.0.1/x", "https://localhost/x", "/x", "https://",
    ],
)  # fmt: skip
def test_an_endpoint_elsewhere_is_refused(endpoint):
    assert browsers.refusal(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/x", "https://updates.push.services.mozilla.com/wpush/v2/x",
        "https://wns2-by3p.notify.windows.com/w/?token=x", "https://web.push.apple.com/x",
    ],
)  # fmt: skip
def test_the_push_services_of_the_known_browsers_are_taken(endpoint):
    assert browsers.refusal(endpoint) == ""


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_called_by_its_name_and_system(agent, name):
    assert browsers.described(agent) == name
