"""Answers that are odd: what was taken is not sent again, and a fault of the other side is not the mailbox's."""

import io
import json
import re
import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook as Receiver

from notifications import general, recipients
from notifications.channels import waits, webhook
from notifications.channels.channel import named
from notifications.delivery import addressing, deliver
from notifications.models import Address, Delivery, Notice
from tests import make
from tests.notifications.answering import answering, gateway, twilio
from tests.notifications.letterbox import Letterbox, listening, use
from tests.notifications.pushed import serving

pytestmark = pytest.mark.django_db
NUMBER = "+12015550123"
OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def saying(*parts, gap=0.0):
    """A server that answers each request with these octets, whatever they are; its address, and what came."""
    listener, came = socket.create_server(("127.0.0.1", 0)), []

    def answer(line):
        with line:
            came.append(read(line))
            try:
                for part in parts:
                    line.sendall(part)
                    time.sleep(gap)
            except OSError:
                return

    def read(line):
        found = b""
        while b"\r\n\r\n" not in found:
            found += line.recv(65536)
        head, _, body = found.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        while length and len(body) < int(length[1]):
            body += line.recv(65536)
        return head + body

    def serve():
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(line,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", came
    finally:
        listener.close()


def tried(channel, address):
    """A test of an address, tried once."""
    found = addressing.test(address, timezone.now())
    deliver.by(channel, timezone.now())
    found.refresh_from_db()
    return found


def phone(user, **fields):
    return Address.objects.create(owner=user, channel="sms", value=NUMBER, verified_at=timezone.now(), **fields)


def hook(url, user=None):
    kept = json.dumps({"secret": webhook.new_secret()})
    owner = user or make.user()
    return Address.objects.create(owner=owner, channel="webhook", value=url, secrets=kept, verified_at=timezone.now())


def seconds_to(delivery):
    return (delivery.due_at - timezone.now()).total_seconds()


BROKEN = [
    (OK + b"Content-Length: 500\r\n\r\nok",),
    (OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",),
]


@pytest.mark.parametrize("parts", BROKEN)
def test_a_text_that_was_taken_is_not_sent_again_because_its_answer_breaks_off(settings, parts):
    with saying(*parts) as (url, came):
        settings.SMS = gateway(url)
        assert tried("sms", phone(make.user())).state == Delivery.State.DONE
        assert len(came) == 1


def test_a_number_is_added_though_the_answer_breaks_off(settings, engineer):
    with saying(*BROKEN[0]) as (url, _):
        settings.SMS = gateway(url)
        answer = engineer.post(reverse("channel_add", args=["sms"]), {"number": NUMBER})
    assert answer.status_code == 302
    assert Address.objects.get(channel="sms").code


@pytest.mark.processes
@pytest.mark.parametrize("channel", ["sms", "webpush"])
def test_an_answer_that_comes_in_drops_is_not_waited_for(settings, monkeypatch, channel):
    monkeypatch.setattr("notifications.sms.provider.TIMEOUT", 1)
    monkeypatch.setattr("notifications.channels.webpush.TIMEOUT", 1)
    settings.PUSH_HOSTS = ["127.0.0.1"]
    drops = (b"HTTP/1.1 201 Created\r\nContent-Length: 60\r\n\r\n", *[b"x"] * 60)
    with saying(*drops, gap=0.2) as (url, _), serving() as service:
        settings.SMS, user = gateway(url), make.user()
        kept = json.dumps(service.browser().subscription["keys"])
        browser = Address.objects.create(
            owner=user, channel="webpush", value=f"{url}/b", secrets=kept, verified_at=timezone.now()
        )
        began = time.monotonic()
        assert tried(channel, phone(user) if channel == "sms" else browser).state == Delivery.State.DONE
        assert time.monotonic() - began < 4


def test_whoever_speaks_as_twilio_does_may_say_that_it_was_accepted(settings):
    with answering() as there:
        there.status, there.body = 202, b'{"sid": "SM1"}'
        settings.SMS = twilio(there.url)
        assert tried("sms", phone(make.user())).state == Delivery.State.DONE


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
        OK + b"".join(b"H%d: x\r\n" % number for number in range(200)) + b"\r\n",
    ],
)
def test_a_webhook_may_answer_at_length(settings, head):
    settings.WEBHOOK_PRIVATE = True
    with saying(head) as (url, _):
        assert tried("webhook", hook(url)).state == Delivery.State.DONE


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_how_long_to_wait_is_read_however_it_is_spelt(settings, name):
    settings.WEBHOOK_PRIVATE = True
    with saying(f"HTTP/1.1 429 Slowly\r\n{name}: 700\r\nContent-Length: 0\r\n\r\n".encode()) as (url, _):
        assert seconds_to(tried("webhook", hook(url))) > 600


def test_a_date_without_a_zone_is_in_utc():
    in_an_hour = timezone.now() + timedelta(hours=1)
    assert 3500 < waits.retry_after({"Retry-After": in_an_hour.strftime("%a %b %e %H:%M:%S %Y")}) <= 3600


@pytest.mark.parametrize("channel", ["webhook", "sms"])
def test_what_asks_us_to_wait_is_left_alone_and_costs_no_more_tries(settings, channel):
    settings.WEBHOOK_PRIVATE = True
    with (
        saying(b"HTTP/1.1 429 Slowly\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n") as (url, came),
        answering() as other,
    ):
        settings.SMS, user = gateway(url), make.user()
        address = phone(user) if channel == "sms" else hook(url, user)
        tried(channel, address)
        second = tried(channel, address)
        assert (len(came), second.tries) == (1, 0)
        if channel == "webhook":
            assert tried(channel, hook(f"{other.url}/elsewhere")).state == Delivery.State.DONE


@pytest.mark.parametrize(
    ("answer", "is_off"),
    [
        ("550 relay not permitted", False),
        ("554 Relay access denied", False),
        ("530 Authentication required", False),
        ("503 valid MAIL first", False),
        ("552 Mailbox full", False),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts", False),
        ("550 no such user", True),
        ("551 user not local", True),
        ("550 5.1.1 no such user here", True),
    ],
)
def test_what_is_not_the_mailboxs_fault_leaves_it_on(settings, answer, is_off):
    box, user = Letterbox(), make.user()
    box.rcpt[user.email] = answer
    with listening(box) as port:
        use(settings, port)
        recipients.addresses([user])
        address = Address.objects.of(user).get(channel="email")
        found = tried("email", address)
        named("email").let_go()
    address.refresh_from_db()
    assert (bool(address.off_at), found.state == Delivery.State.FAILED) == (is_off, is_off)


def test_whose_address_does_not_work_is_told_by_another_one_also_where_general_notices_take_none(settings):
    box, user = Letterbox(), make.user()
    box.rcpt[user.email] = "550 5.1.1 no such user"
    general.choose(user, ["inbox", "email"])
    with listening(box) as port, answering() as there:
        use(settings, port)
        settings.SMS = gateway(there.url)
        phone(user, by_default=False)
        recipients.addresses([user])
        tried("email", Address.objects.of(user).get(channel="email"))
        named("email").let_go()
    told = Notice.objects.to(user).get(text__contains="turned off")
    assert {one.channel for one in told.deliveries.all()} == {"inbox", "sms"}


def test_whoever_lost_the_new_secret_may_have_another_and_the_one_in_use_signs_on(settings):
    settings.WEBHOOK_PRIVATE = True
    with answering() as there:
        address = hook(f"{there.url}/x")
        first, now = json.loads(address.secrets)["secret"], timezone.now()
        second, third = (named("webhook").renew(address, now) for _ in range(2))
        tried("webhook", address)
        came = there.came[-1]
    for secret in (first, second, third):
        Receiver(secret).verify(came.body, came.headers)
    assert webhook.signing(address, now + webhook.OVERLAP + timedelta(seconds=1)) == [third]


def test_the_answer_of_a_push_service_is_read_to_no_great_length(settings):
    from notifications.channels.webpush import LARGEST_ANSWER, Straight

    with saying(b"HTTP/1.1 500 Oh\r\n\r\n", *[b"x" * 65536] * 50) as (url, _), Straight() as session:
        answer = session.post(url, data=b"", timeout=5)
        assert isinstance(answer.raw, io.BytesIO)
        assert len(answer.content) == LARGEST_ANSWER
