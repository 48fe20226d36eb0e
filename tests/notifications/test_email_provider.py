"""E-mail by a provider: its interface is played by a server on loopback, its answers are as its documents have them."""

import http.server
import json
import threading

import pytest
from django.utils import timezone

from notifications import outbox
from notifications.delivery import deliver
from notifications.models import Address, Delivery
from tests import make
from tests.notifications.letterbox import free_port

pytestmark = pytest.mark.django_db


class Provider:
    """Postmark, as far as a message goes: `answer` is a status and a body."""

    def __init__(self):
        self.came = []
        self.answer = (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "one"})
        self.headers = {}


@pytest.fixture
def provider(settings):
    playing = Provider()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            playing.came.append((dict(self.headers), asked))
            status, said = playing.answer
            body = json.dumps([said | {"To": one["To"]} for one in asked] if isinstance(asked, list) else said).encode()
            self.send_response(status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **playing.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    use(settings, server.server_port)
    yield playing
    server.shutdown()
    server.server_close()


def use(settings, port):
    settings.EMAIL_READY, settings.EMAIL_ROAD = True, "Postmark"
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.DEFAULT_FROM_EMAIL = "desk@isp.example"
    url = f"http://127.0.0.1:{port}/"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "the-token", "POSTMARK_API_URL": url, "REQUESTS_TIMEOUT": 2}


def sent(user=None):
    user = user or make.user()
    outbox.tell([user], "ap-1 is down", "/", user, timezone.now())
    delivery = Delivery.objects.get(address__channel="email")
    deliver.by("email", timezone.now())
    delivery.refresh_from_db()
    return delivery


def test_a_message_goes_out_with_its_headers(provider):
    assert sent().state == Delivery.State.DONE
    ((headers, asked),) = provider.came
    assert headers["X-Postmark-Server-Token"] == "the-token"
    assert asked["Subject"] == "ap-1 is down"
    given = {one["Name"]: one["Value"] for one in asked["Headers"]}
    assert given["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert given["Auto-Submitted"] == "auto-generated"


def test_an_address_that_the_provider_gave_up_is_turned_off(provider):
    user = make.user(email="gone@isp.example")
    words = f"Found inactive addresses: {user.email}. Inactive recipients are ones that have generated a hard bounce."
    provider.answer = (422, {"ErrorCode": 406, "Message": words})
    delivery = sent(user)
    assert delivery.state == Delivery.State.FAILED
    assert not Address.objects.get(channel="email").is_usable


@pytest.mark.parametrize(("status", "code"), [(401, 10), (429, 429), (500, 0), (503, 100)])
def test_what_passes_or_what_an_operator_mends_is_tried_again(provider, status, code):
    provider.answer = (status, {"ErrorCode": code, "Message": "No"})
    delivery = sent()
    assert delivery.state == Delivery.State.WAITING
    assert Address.objects.get(channel="email").is_usable
    assert "the-token" not in delivery.attempts.last().error


def test_it_waits_as_long_as_the_provider_asks(provider):
    provider.answer, provider.headers = (429, {"ErrorCode": 429, "Message": "Slow"}), {"Retry-After": "90"}
    assert (sent().due_at - timezone.now()).total_seconds() > 85


def test_a_message_that_the_provider_does_not_take_is_not_sent_again_and_the_address_stays(provider):
    provider.answer = (422, {"ErrorCode": 300, "Message": "Invalid 'Subject'"})
    delivery = sent()
    assert delivery.state == Delivery.State.FAILED
    assert Address.objects.get(channel="email").is_usable


def test_a_provider_that_does_not_answer_is_asked_again(settings):
    use(settings, free_port())
    assert sent().state == Delivery.State.WAITING
