"""Registering a browser for web push: whose it is, once and never two people's."""

import base64
import json

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications import actions, outbox
from notifications.channels import browsers, push_key
from notifications.models import Address, Delivery, Mute, Subscription
from tests import make
from tests.notifications.pushed import Browser

pytestmark = pytest.mark.django_db
WINDOWS = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


def chrome(name="one"):
    return Browser(f"https://fcm.googleapis.com/fcm/send/{name}")


def post(client, name, data, **headers):
    body = data if isinstance(data, (str, bytes)) else json.dumps(data)
    return client.post(reverse(name), body, content_type="application/json", headers={"User-Agent": WINDOWS, **headers})


def register(client, browser, **more):
    return post(client, "push", {**browser.subscription, "asked": True, **more})


def endpoints(user):
    found = Address.objects.of(user).filter(channel="webpush", wanted=True)
    return sorted(found.values_list("value", flat=True))


def test_a_stranger_registers_nothing(stranger):
    assert register(stranger, chrome()).status_code == 302
    assert not Address.objects.exists()


def test_a_browser_is_kept_with_its_name_and_its_keys_sealed(technician):
    browser = chrome()
    assert register(technician, browser).json() == {"kept": True}
    address = Address.objects.get(channel="webpush")
    assert (address.label, address.value) == ("Chrome on Windows", browser.endpoint)
    assert json.loads(address.secrets)["auth"] == browser.subscription["keys"]["auth"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM notifications_address WHERE channel = 'webpush'")
        assert browser.subscription["keys"]["auth"] not in cursor.fetchone()[0]


def test_registering_again_or_with_other_keys_makes_no_second_one(technician):
    browser = chrome()
    register(technician, browser)
    register(technician, browser, asked=False)
    other = chrome()
    register(technician, other)
    address = Address.objects.get(channel="webpush")
    assert json.loads(address.secrets)["auth"] == other.subscription["keys"]["auth"]


def test_another_person_on_the_same_browser_takes_it_over(technician, office):
    browser = chrome()
    register(technician, browser)
    outbox.tell([technician.user], "for the technician", "/", technician.user, timezone.now())
    register(office, browser, asked=False)
    assert endpoints(technician.user) == []
    assert endpoints(office.user) == [browser.endpoint]
    waited = Delivery.objects.get(notice__text="for the technician", gone="Chrome on Windows")
    assert waited.state == Delivery.State.WITHDRAWN


def test_permission_revoked_and_given_again_restores_it_once(technician):
    register(technician, chrome("one"))
    register(technician, chrome("two"), former=chrome("one").endpoint, asked=False)
    assert endpoints(technician.user) == [chrome("two").endpoint]
    assert Address.objects.filter(channel="webpush").count() == 1


def test_a_browser_that_was_removed_from_elsewhere_is_told_once(technician):
    browser = chrome()
    register(technician, browser)
    address = Address.objects.get(channel="webpush")
    technician.post(reverse("channel_remove", args=[address.pk]))
    address.refresh_from_db()
    assert (address.wanted, address.secrets) == (False, "")
    assert register(technician, browser, asked=False).json() == {"kept": False}
    assert not Address.objects.filter(channel="webpush").exists()
    assert register(technician, browser).json() == {"kept": True}


def test_a_browser_that_we_lost_registers_anew_at_the_next_sign_in(technician):
    register(technician, chrome(), asked=False)
    assert endpoints(technician.user) == [chrome().endpoint]


def test_turning_it_off_in_the_browser_removes_ones_own_alone(technician, office):
    browser = chrome()
    register(technician, browser)
    assert post(office, "push_off", {"endpoint": browser.endpoint}).json() == {"kept": True}
    assert post(technician, "push_off", {"endpoint": browser.endpoint}).json() == {"kept": False}
    assert not Address.objects.filter(channel="webpush").exists()


def test_the_push_service_moves_a_browser_without_anybody_signed_in(technician, stranger):
    register(technician, chrome("one"))
    pk = Address.objects.get(channel="webpush").pk
    answer = post(stranger, "push_moved", {**chrome("two").subscription, "former": chrome("one").endpoint})
    assert answer.status_code == 200
    assert endpoints(technician.user) == [chrome("two").endpoint]
    assert Address.objects.get(channel="webpush").pk == pk


def test_a_browser_that_nobody_knows_is_not_moved(stranger):
    assert post(stranger, "push_moved", {**chrome().subscription, "former": "https://x"}).status_code == 404
    assert post(stranger, "push_moved", chrome().subscription).status_code == 404
    assert not Address.objects.exists()


@pytest.mark.parametrize("former", ["\0", "\ud800", "x" * 2000, ["x"], {"x": 1}, 7])
def test_what_was_never_an_endpoint_is_nobodys(technician, stranger, former):
    given = chrome().subscription
    assert post(stranger, "push_moved", {**given, "former": former}).status_code == 404
    assert post(technician, "push_off", {"endpoint": former}).json() == {"kept": True}
    assert register(technician, chrome(), former=former).json() == {"kept": True}
    assert endpoints(technician.user) == [chrome().endpoint]


def test_moving_to_an_endpoint_elsewhere_is_refused(technician, stranger):
    register(technician, chrome())
    data = {**Browser("https://evil.example/x").subscription, "former": chrome().endpoint}
    assert post(stranger, "push_moved", data).status_code == 400
    assert endpoints(technician.user) == [chrome().endpoint]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "https://evil.example/x"}, "endpoint"),
        ({"endpoint": "https://fcm.googleapis.com/" + "x" * 1000}, "endpoint"),
        ({"endpoint": None}, "endpoint"),
        ({"endpoint": ["https://fcm.googleapis.com/x"]}, "endpoint"),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, "p256dh"),
        ({"keys": {"p256dh": base64.urlsafe_b64encode(b"\4" + b"\1" * 64).decode(), "auth": "A" * 22}}, "p256dh"),
        ({"keys": {"p256dh": chrome().subscription["keys"]["p256dh"], "auth": "A" * 10}}, "auth"),
        ({"keys": {"p256dh": chrome().subscription["keys"]["p256dh"], "auth": "é" * 22}}, "auth"),
        ({"keys": None}, "keys"),
    ],
)
def test_what_is_no_registration_is_refused_by_the_name_of_the_field(technician, change, field):
    answer = post(technician, "push", {**chrome().subscription, "asked": True, **change})
    assert answer.status_code == 400
    assert field in answer.json()["error"]
    assert not Address.objects.filter(channel="webpush").exists()


@pytest.mark.parametrize("body", ["", "[]", "nonsense", '"text"', "x" * 9000, b"\xff\xfe", "[" * 5000])
def test_what_is_no_json_is_refused(technician, body):
    assert post(technician, "push", body).status_code == 400


def test_a_form_of_a_foreign_page_registers_nothing(technician):
    assert technician.post(reverse("push"), chrome().subscription).status_code == 400
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = technician.cookies
    assert post(careful, "push", chrome().subscription).status_code == 403


def test_nobody_has_more_browsers_than_twenty(technician):
    for number in range(browsers.MOST):
        register(technician, chrome(str(number)))
    answer = register(technician, chrome("one-too-many"))
    assert answer.status_code == 400
    assert "remove one" in answer.json()["error"]


def test_anybody_may_ask_for_the_public_key(stranger):
    assert stranger.get(reverse("push_key")).json() == {"key": push_key.public()}


def test_the_worker_and_the_manifest_are_at_the_root(stranger):
    worker = stranger.get("/sw.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert (worker["Cache-Control"], worker["Service-Worker-Allowed"]) == ("no-cache", "/")
    assert "pushsubscriptionchange" in worker.text
    manifest = stranger.get("/manifest.webmanifest").json()
    assert manifest["display"] == "standalone"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    assert "maskable" in {icon["purpose"] for icon in manifest["icons"]}


def test_who_leaves_is_forgotten_and_gets_nothing_more(technician):
    user, site = technician.user, make.site()
    register(technician, chrome())
    actions.subscribe(("user", str(user.pk)), "incident.opened", None, user)
    actions.mute(user, site, None)
    outbox.tell([user], "on its way", "/", user, timezone.now())
    assert actions.forget(user) == actions.Forgotten(browsers=1, subscriptions=1, mutes=1)
    assert not Subscription.objects.exists() and not Mute.objects.exists()
    assert not Address.objects.filter(channel="webpush").exists()
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.WITHDRAWN}
    assert actions.forget(user) == actions.Forgotten(0, 0, 0)
