"""Webhooks: what is sent can be verified by Standard Webhooks' own library, and goes nowhere that it must not."""

import base64
import json
import socket
import ssl
import time
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from notifications import outbox, verifying
from notifications.channels import outgoing
from notifications.channels.channel import named
from notifications.delivery import deliver
from notifications.models import Address, Delivery, Notice
from tests import make
from tests.notifications.answering import answering
from tests.notifications.chatting import certified


@pytest.fixture
def there(db, settings):
    settings.WEBHOOK_PRIVATE = True
    with answering() as found:
        yield found


def known(user, url):
    """A webhook that is verified, and its secret."""
    parts = verifying.parts_of(named("webhook"), user, {"url": url})
    address = verifying.add(user, "webhook", parts, timezone.now())
    address.verified_at = timezone.now()
    address.save()
    return address, parts.shown_once


def tell(user, text="Tower North is down", link="/incidents/7/"):
    outbox.tell([user], text, link, user, timezone.now())
    deliver.by("webhook", timezone.now())
    return Delivery.objects.filter(notice__text=text, address__channel="webhook").get()


def test_the_library_verifies_what_is_sent_and_reads_it(there):
    user = make.user()
    _, secret = known(user, there.url + "/notices")
    tell(user, "Tower “North” is down")
    came = there.came[0]
    said = Receiver(secret).verify(came.body, came.headers)
    notice = Notice.objects.get()
    assert said["type"] == notice.event or "notice"
    assert said["data"]["text"] == "Tower “North” is down"
    assert said["data"]["link"] == "http://localhost:8000/incidents/7/"
    assert said["data"]["tone"] == notice.tone
    assert said["data"]["object"] == {"kind": "config.user", "id": user.pk, "name": str(user)}
    assert said["timestamp"].endswith("Z")
    assert came.headers["content-type"] == "application/json"


def test_another_secret_or_another_body_is_no_proof(there):
    user = make.user()
    _, secret = known(user, there.url)
    tell(user)
    came = there.came[0]
    with pytest.raises(WebhookVerificationError):
        Receiver("whsec_" + base64.b64encode(b"x" * 32).decode()).verify(came.body, came.headers)
    with pytest.raises(WebhookVerificationError):
        Receiver(secret).verify(came.body + b" ", came.headers)


def test_the_id_is_the_same_from_try_to_try_and_another_for_each_address(there):
    user = make.user()
    known(user, there.url + "/one")
    there.status = 503
    delivery = tell(user)
    there.status = 204
    deliver.by("webhook", delivery.__class__.objects.get(pk=delivery.pk).due_at)
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DONE
    first, second = (came.headers["webhook-id"] for came in there.came)
    assert first == second
    assert "." not in first
    known(user, there.url + "/two")
    outbox.tell([user], "more", "", user, timezone.now())
    deliver.by("webhook", timezone.now())
    ids = [came.headers["webhook-id"] for came in there.came[2:]]
    assert len(set(ids)) == 2


def test_for_a_day_the_former_secret_signs_beside_the_new_one(there):
    user = make.user()
    address, old = known(user, there.url)
    new = named("webhook").renew(address, timezone.now())
    assert new != old
    tell(user, "first")
    came = there.came[0]
    assert len(came.headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        Receiver(secret).verify(came.body, came.headers)
    kept = json.loads(address.secrets)
    kept["former"][0][1] = (timezone.now() - timedelta(seconds=1)).isoformat()
    address.secrets = json.dumps(kept)
    address.save()
    tell(user, "second")
    came = there.came[1]
    Receiver(new).verify(came.body, came.headers)
    with pytest.raises(WebhookVerificationError):
        Receiver(old).verify(came.body, came.headers)


def test_the_secret_is_sealed_in_the_database(there):
    address, secret = known(make.user(), there.url)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets, value, label FROM notifications_address WHERE id = %s", [address.pk])
        assert secret not in str(cursor.fetchone())


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, "done"), (202, "done"), (204, "done"), (301, "waiting"), (307, "waiting"), (400, "failed"),
        (401, "waiting"), (403, "waiting"), (404, "waiting"), (413, "failed"), (422, "failed"), (429, "waiting"),
        (500, "waiting"), (503, "waiting"),
    ],
)  # fmt: skip
def test_what_an_answer_means(there, status, state):
    user = make.user()
    address, _ = known(user, there.url)
    there.status = status
    delivery = tell(user)
    assert delivery.state == state
    address.refresh_from_db()
    assert address.is_usable
    assert len(there.came) == 1


def test_gone_removes_it_and_its_owner_hears_by_another_road(there):
    user = make.user()
    known(user, there.url)
    there.status = 410
    outbox.tell([user], "hello", "", user, timezone.now())
    deliver.by("webhook", timezone.now())
    assert not Address.objects.filter(channel="webhook").exists()
    assert Notice.objects.filter(text__contains="was removed").exists()


def test_it_waits_as_long_as_it_is_asked_to(there):
    user = make.user()
    known(user, there.url)
    there.status, there.headers = 429, {"Retry-After": "3000"}
    delivery = tell(user)
    assert delivery.due_at - timezone.now() > timedelta(seconds=2900)


def test_a_redirect_is_not_followed(there):
    user = make.user()
    known(user, there.url)
    with answering() as elsewhere:
        there.status, there.headers = 302, {"Location": elsewhere.url}
        delivery = tell(user)
        assert elsewhere.came == []
    assert "leads elsewhere" in delivery.attempts.get().error


@pytest.mark.processes
@pytest.mark.parametrize("how", ["slow", "drip"])
def test_whoever_never_ends_is_left(there, how, monkeypatch):
    user = make.user()
    known(user, there.url)
    setattr(there, how, 30.0 if how == "slow" else True)
    # Shorter than in use: what is tried out is the end, not how long ten seconds are.
    monkeypatch.setattr(outgoing, "SECONDS", 0.3)
    began = time.monotonic()
    delivery = tell(user)
    assert time.monotonic() - began < 3
    assert "does not answer within" in delivery.attempts.get().error


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 99999 x\r\n\r\n", b"x" * 40_000]
)
def test_what_does_not_speak_http_is_an_error_in_words(there, said):
    user = make.user()
    with socket.create_server(("127.0.0.1", 0)) as server:
        known(user, f"http://127.0.0.1:{server.getsockname()[1]}/")
        outbox.tell([user], "hello", "", user, timezone.now())
        import threading

        def serve():
            plain, _ = server.accept()
            plain.recv(65536)
            plain.sendall(said)
            plain.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        deliver.by("webhook", timezone.now())
        thread.join(5)
    delivery = Delivery.objects.get(address__channel="webhook")
    assert (delivery.state, bool(delivery.attempts.get().error)) == ("waiting", True)


PRIVATE = [
    "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "[::1]", "[fe80::1]", "[fc00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::10.0.0.1]",
    "[2002:7f00:1::]", "[ff02::1]", "[::]", "[fec0::1]", "[3fff::1]", "[::127.0.0.1]",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_in_a_private_network_is_refused_at_once(settings, host):
    settings.WEBHOOK_PRIVATE = False
    with pytest.raises(ValidationError, match="private network"):
        named("webhook").clean(None, {"url": f"https://{host}/x"})


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1", "017700000001"])
def test_a_name_that_leads_into_one_is_refused_when_it_is_sent(settings, host):
    with answering() as found, pytest.raises(outgoing.Unreached):
        port = found.url.rpartition(":")[2]
        outgoing.post(f"https://{host}:{port}/x", b"{}", {}, private=False)
    assert found.came == []


def test_the_names_of_a_host_are_looked_up_once_and_all_of_them_count(settings, monkeypatch):
    answers = [[("93.184.216.34", 1), ("127.0.0.1", 1)], [("93.184.216.34", 1)]]
    asked = []

    def looked_up(host, port, **_):
        asked.append(host)
        return [(2, 1, 6, "", where) for where in answers[len(asked) - 1]]

    # The name service of the outside, as somebody plays it who turns a name into an address of ours.
    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with pytest.raises(outgoing.Unreached, match="private network"):
        list(outgoing.places("rebind.example", 443, private=False))
    assert list(outgoing.places("rebind.example", 443, private=False)) == ["93.184.216.34"]
    assert len(asked) == 2


@pytest.mark.parametrize("url", [
    "", "example.net", "ftp://example.net/", "https://", "https://a:b@example.net/", "https://example.net:0/",
    "https://exa mple.net/", "https://example.net/\r\nX: y", "https://example.net/ü", "https://[::1", "http://example.net/",
    "https://example.net:99999/", "https://a\\@b.example/", "https://example.net/" + "x" * 1000,
    "https://" + "a" * 300 + ".example/",
])  # fmt: skip
def test_what_is_no_address_is_refused_with_words(settings, url):
    settings.WEBHOOK_PRIVATE = False
    with pytest.raises(ValidationError):
        named("webhook").clean(None, {"url": url})


def test_by_tls_the_host_is_the_one_that_was_written(tmp_path, settings, monkeypatch):
    context = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    seen = []
    context.sni_callback = lambda connection, name, _: seen.append(name)
    with answering(context) as found:
        port = found.url.rpartition(":")[2]
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *_, **__: [(2, 1, 6, "", ("127.0.0.1", port))])
        answer = outgoing.post(f"https://discord.com:{port}/x?y=1", b"{}", {}, private=True)
        assert answer.status == 200
        with pytest.raises(outgoing.Unreached, match="not trusted"):
            outgoing.post(f"https://other.example:{port}/", b"{}", {}, private=True)
    assert seen == ["discord.com", "other.example"]
    assert found.came[0].headers["host"] == f"discord.com:{port}"
    assert found.came[0].path == "/x?y=1"
    assert isinstance(context, ssl.SSLContext)


def test_a_secret_that_no_key_opens_asks_for_a_new_one(there):
    user = make.user()
    address, _ = known(user, there.url)
    Address.objects.filter(pk=address.pk).update(secrets="")
    assert "give it a new one" in tell(user).attempts.get().error
    assert there.came == []
    address.refresh_from_db()
    new = named("webhook").renew(address, timezone.now())
    tell(user, "again")
    Receiver(new).verify(there.came[0].body, there.came[0].headers)
