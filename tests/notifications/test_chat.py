"""Chats by Apprise: only services of fixed hosts, nothing else that Apprise knows, and no redirect."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from notifications import outbox, recipients, verifying
from notifications.channels import chat
from notifications.channels.channel import named
from notifications.delivery import deliver
from notifications.models import Address, Delivery
from tests import make
from tests.notifications.chatting import DISCORD, SLACK, SLACK_PATH, TEAMS, chatting


@pytest.fixture
def chats(db, tmp_path, monkeypatch):
    with chatting(tmp_path, monkeypatch) as found:
        yield found


def known(user, url):
    address = verifying.add(user, "apprise", verifying.parts_of(named("apprise"), user, {"url": url}), timezone.now())
    address.verified_at = timezone.now()
    address.save()
    return address


def tell(user, text="Tower North is down"):
    outbox.tell([user], text, "/incidents/7/", user, timezone.now())
    deliver.by("apprise", timezone.now())
    return Delivery.objects.get(notice__text=text, address__channel="apprise")


ADDRESSES = [
    ("Slack", SLACK, "hooks.slack.com"),
    ("Slack", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "hooks.slack.com"),
    ("Discord", DISCORD, "discord.com"),
    ("Teams", TEAMS, "prod-161.westeurope.logic.azure.com"),
    ("Telegram", "tgram://123456789:abcdefg_hijklmnop/12315544/", "api.telegram.org"),
    ("Pushover", "pover://ufq4e2kqyk2s8r1mzwqfehn5tz4xbj@azGDORePK8gMaC0QOYAMyEEuzJnyUi", "api.pushover.net"),
    ("Google Chat", "https://chat.googleapis.com/v1/spaces/AAAAabcd/messages?key=AIzaKEY123&token=TOKxyz",
     "chat.googleapis.com"),
    ("Webex", "https://webexapis.com/v1/webhooks/incoming/" + "Y2lzY29zcGFyazovL3VzL1dFQkhPT0svMTIzNDU2Nzg5MDEy" * 2,
     "api.ciscospark.com"),
]  # fmt: skip


@pytest.mark.parametrize(("label", "url", "host"), ADDRESSES)
def test_each_service_is_asked_at_its_own_host_alone(chats, label, url, host):
    service, _ = chat.opened(url)
    assert service.label == label
    chats.body = "ok" if label == "Slack" else '{"ok": true, "result": {}}'
    user = make.user("administrator")
    known(user, url)
    tell(user)
    assert chats.came
    assert {one for one, _, _ in chats.came} == {host}
    assert "Tower North is down" in chats.came[-1][2].replace("+", " ").replace("%20", " ")


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1/x", "xml://example.net", "form://example.net", "mailto://a:b@example.net", "https://example.net/",
        "http://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack://", "slack://x", "tgram://",
        "mmost://example.net/key", "ntfy://topic", "apprise://localhost/x", "syslog://", "exec://x", "file:///etc/passwd",
        "https://evil.example/hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://hooks.slack.com.evil.example/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://hooks.slack.com@evil.example/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        SLACK.replace("https", "slack") + "?verify=no", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?redirect=yes",
        TEAMS.replace("prod-161.westeurope.logic.azure.com", "evil.example"),
        TEAMS.replace("prod-161.westeurope.logic.azure.com", "logic.azure.com.evil.example"),
        TEAMS.replace(":443", ":8080"), "workflows://127.0.0.1/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu",
        SLACK + " json://127.0.0.1", SLACK + ",json://127.0.0.1", "", "\x00", "x" * 2000,
    ],
)  # fmt: skip
def test_everything_else_that_apprise_knows_is_refused(url):
    with pytest.raises(ValueError, match=r"."):
        chat.opened(url)


@pytest.mark.parametrize(
    "option", ["redirect=yes", "verify=no", "template=/etc/passwd", "cto=1000", "attach=/etc/passwd"]
)
@pytest.mark.parametrize("url", [SLACK, DISCORD, TEAMS])
def test_options_behind_an_address_do_nothing(url, option):
    _, made = chat.opened(f"{url}{'&' if '?' in url else '?'}{option}")
    assert made.redirects is False
    assert made.verify_certificate is True
    assert not getattr(made, "template", None)
    assert made.socket_connect_timeout < 10


def test_a_redirect_is_not_followed(chats):
    user = make.user("administrator")
    known(user, SLACK)
    chats.status, chats.location = 307, "https://elsewhere.example/"
    delivery = tell(user)
    assert chats.asked == ["hooks.slack.com"]
    assert (delivery.state, delivery.attempts.get().error) == ("waiting", "Slack answers 307")


@pytest.mark.parametrize(
    ("status", "works"), [(404, False), (410, False), (403, False), (429, True), (500, True), (400, True)]
)
def test_what_an_answer_means(chats, status, works):
    user = make.user("administrator")
    address = known(user, SLACK)
    chats.status = status
    delivery = tell(user)
    assert f"Slack answers {status}" == delivery.attempts.get().error
    address.refresh_from_db()
    assert address.is_usable == works
    assert delivery.state == ("waiting" if works else "failed")


def test_nobody_there_is_tried_again(db, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    user = make.user("administrator")
    known(user, SLACK)
    delivery = tell(user)
    assert (delivery.state, delivery.attempts.get().error) == ("waiting", "Slack cannot be reached")


GOOGLE = "https://chat.googleapis.com/v1/spaces/AAAAabcd/messages?key=AIzaKEY123&token=TOKxyz"


@pytest.mark.parametrize("url", [SLACK, DISCORD, TEAMS, GOOGLE])
def test_a_name_calls_nobody_in_the_chat(chats, url):
    chats.body = "ok" if url == SLACK else "{}"
    user = make.user("administrator")
    known(user, url)
    tell(user, "CPE of @everyone <!channel> <@123> <users/all> is down")
    sent = json.loads(chats.came[-1][2])
    if url in (SLACK, TEAMS):
        # Here only other signs are calls.
        assert not any(call in str(sent) for call in ("<!channel>", "<@123>", "<users/all>", "<at>"))
    else:
        told = sent["content" if url == DISCORD else "text"]
        assert not any(call in told for call in ("@everyone", "<@123>", "<users/all>"))
        assert "everyone" in told and "/incidents/7/" in told


def test_the_address_is_a_secret(chats, caplog):
    user = make.user("administrator")
    address = known(user, SLACK)
    assert address.value.startswith("Slack (")
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in address.value + address.label + str(address)
    chats.status = 500
    tell(user)
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in caplog.text
    assert chats.came[0][1] == SLACK_PATH
    with pytest.raises(verifying.Refused):
        known(user, SLACK)


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_only_administrators_add_one_and_only_they_are_told_by_it(db, role):
    user = make.user(role)
    with pytest.raises(PermissionDenied):
        known(user, SLACK)
    former = make.user("administrator")
    known(former, SLACK)
    assert "apprise" in {one.channel for one in recipients.addresses([former])}
    former.role = role
    former.save()
    assert "apprise" not in {one.channel for one in recipients.addresses([former])}


def test_what_waits_for_a_chat_does_not_go_once_its_owner_has_lost_the_right(chats):
    user = make.user("administrator")
    known(user, SLACK)
    outbox.tell([user], "Tower North is down", "/incidents/7/", user, timezone.now())
    user.role = "technician"
    user.save()
    deliver.deliver(timezone.now())
    assert chats.came == []
    states = dict(Delivery.objects.values_list("address__channel", "state"))
    assert (states["apprise"], states["inbox"]) == (Delivery.State.WITHDRAWN, Delivery.State.DONE)


def test_no_code_goes_to_a_chat_once_its_owner_has_lost_the_right(chats):
    user = make.user("administrator")
    address = known(user, SLACK)
    Address.objects.filter(pk=address.pk).update(verified_at=None)
    user.role = "technician"
    user.save()
    with pytest.raises(verifying.Refused, match="no right"):
        verifying.send_code(Address.objects.get(), timezone.now())
    assert chats.came == []


def test_an_address_that_no_key_opens_says_so(chats):
    user = make.user("administrator")
    address = known(user, SLACK)
    Address.objects.filter(pk=address.pk).update(secrets="")
    assert "cannot be opened" in tell(user).attempts.get().error
    assert chats.came == []
