"""Web push in real browsers: registered by a button, shown by the worker, replaced by the next, opened by a click."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from notifications import outbox
from notifications.delivery import deliver
from notifications.models import Address, Delivery, Notice
from tests import make
from tests.browser.autopush import Autopush, pushing
from tests.browser.conftest import BACKEND, Visitors
from tests.browser.firefox import Firefox, firefox, path
from tests.notifications.pushed import Browser, PushService, serving

# Chromium cannot reach its own push service here: it is given ours, and everything after that is real.
STUB = """([endpoint, keys]) => {
  const made = {endpoint, options: {}, toJSON: () => ({endpoint, keys}), unsubscribe: async () => { kept = null; }};
  let kept = null;
  PushManager.prototype.subscribe = async () => (kept = made);
  PushManager.prototype.getSubscription = async () => kept;
}"""
NOTIFICATIONS = """navigator.serviceWorker.ready.then((registration) => registration.getNotifications()).then((all) =>
  all.map(({title, body, tag, data}) => ({title, body, tag, url: data.url})))"""


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    settings.PUSH_HOSTS = ["127.0.0.1"]
    with serving() as running:
        yield running


def told(user: Any, about: Any, text: str, tone: str) -> None:
    """A notice about a thing, sent by everything that the user has."""
    outbox.tell([user], text, about.get_absolute_url(), about, timezone.now())
    Notice.objects.filter(text=text).update(event="incident.opened", tone=tone)
    deliver.deliver(timezone.now())


class Chromium:
    """A page on which push was turned on, and the way to hand it what our push service got."""

    def __init__(self, page: Page, browser: Browser) -> None:
        self.page, self.browser = page, browser
        page.context.grant_permissions(["notifications"])
        page.goto(reverse("channels"))
        page.evaluate(STUB, [browser.endpoint, browser.subscription["keys"]])
        page.get_by_role("button", name="Turn on in this browser").click()
        expect(page.get_by_text("Push is on in this browser.")).to_be_visible()
        self.session = page.context.new_cdp_session(page)
        self.registrations: list[str] = []
        self.session.on("ServiceWorker.workerRegistrationUpdated", self.note)
        self.session.send("ServiceWorker.enable")
        while not self.registrations:
            page.wait_for_timeout(50)

    def note(self, said: Any) -> None:
        self.registrations += [each["registrationId"] for each in said["registrations"]]

    def deliver(self, body: bytes) -> None:
        about = {"origin": self.page.url.partition("/me/")[0], "registrationId": self.registrations[-1]}
        self.session.send("ServiceWorker.deliverPushMessage", {**about, "data": json.dumps(self.browser.read(body))})

    def shown(self) -> list[dict[str, str]]:
        return self.page.evaluate(NOTIFICATIONS)


def test_resolved_replaces_down_and_a_click_opens_the_page(desk: Any, service: PushService):
    page, site = desk("technician"), make.site("Tower North")
    chromium = Chromium(page, service.browser())
    expect(page.locator(".road-name", has_text="Chrome on Linux")).to_be_visible()
    for text, tone in (("Tower North is down: 43 customers", "down"), ("Tower North is back", "up")):
        told(page.user, site, text, tone)
        chromium.deliver(service.came[-1][2])
        wanted = {"title": "Tower North", "body": text, "tag": f"site-{site.pk}", "url": site.get_absolute_url()}
        until(lambda wanted=wanted: chromium.shown() == [wanted])
    page.evaluate("""navigator.serviceWorker.ready.then((registration) => registration.getNotifications())
        .then(([first]) => { window.seen = first.tag; })""")
    address = page.url.partition("/me/")[0] + site.get_absolute_url()
    (worker,) = page.context.service_workers
    worker.evaluate("""registration.getNotifications().then(([notification]) =>
        dispatchEvent(new NotificationEvent("notificationclick", {notification})))""")
    expect(page).to_have_url(address)
    until(lambda: chromium.shown() == [])


def test_turning_it_on_and_off_keeps_one_and_none(desk: Any, service: PushService):
    page = desk("technician")
    chromium = Chromium(page, service.browser())
    assert Address.objects.filter(channel="webpush").count() == 1
    page.get_by_role("button", name="Turn off in this browser").click()
    expect(page.get_by_text("Push is off in this browser.")).to_be_visible()
    expect(page.locator(".road-name", has_text="Chrome on Linux")).to_have_count(0)
    assert not Address.objects.filter(channel="webpush").exists()
    page.get_by_role("button", name="Turn on in this browser").click()
    expect(page.locator(".road-name", has_text="Chrome on Linux")).to_be_visible()
    assert [one.value for one in Address.objects.filter(channel="webpush")] == [chromium.browser.endpoint]


def test_a_test_shows_its_result_within_seconds(desk: Any, service: PushService):
    page = desk("technician")
    Chromium(page, service.browser())
    page.get_by_role("button", name="Test Chrome on Linux").click()
    expect(page.get_by_text("Sending")).to_be_visible()
    service.answers["/one"] = (503, {})
    deliver.deliver(timezone.now())
    expect(page.get_by_text("The push service answers (503")).to_be_visible()
    service.answers.clear()
    deliver.deliver(Delivery.objects.get(address__channel="webpush").due_at)
    page.reload()
    expect(page.get_by_text("Last delivered")).to_be_visible()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("delete window.PushManager", "lacks push messages"),
        ("delete window.Notification", "lacks notifications"),
        ("delete Navigator.prototype.serviceWorker", "lacks service workers"),
        ("Object.defineProperty(window, 'isSecureContext', {value: false})", "open this page by https"),
        ("Object.defineProperty(navigator, 'userAgent', {value: 'iPhone'})", "Add to Home Screen, and open"),
    ],
)
def test_a_browser_that_cannot_is_told_what_is_missing(visitors: Visitors, script: str, words: str):
    context = visitors.context(make.user())
    context.add_init_script(script)
    page = context.new_page()
    page.goto(reverse("channels"))
    expect(page.locator("[data-push-words]")).to_contain_text(words)
    expect(page.get_by_role("button", name="Turn on in this browser")).to_have_count(0)


def test_a_refusal_in_the_browser_is_said(visitors: Visitors):
    page = visitors.context(make.user()).new_page()
    page.add_init_script("Object.defineProperty(Notification, 'permission', {value: 'denied'})")
    page.goto(reverse("channels"))
    expect(page.locator("[data-push-words]")).to_contain_text("This browser refuses notifications from this site")


def until(what: Any, seconds: float = 5) -> None:
    """Wait until it is so."""
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit, "it never came about"
        time.sleep(0.05)


@pytest.fixture
def autopush(settings: Any) -> Iterator[Autopush]:
    if path() is None:
        pytest.skip("no Firefox is installed here; on Debian: apt-get install firefox-esr")
    settings.PUSH_HOSTS = ["127.0.0.1"]
    with pushing() as running:
        yield running


def signed_in(window: Firefox, url: str, user: Any) -> None:
    client = Client()
    client.force_login(user, backend=BACKEND)
    window.sign_in(url, settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value)


def endpoints(user: Any) -> list[str]:
    return list(Address.objects.of(user).filter(channel="webpush").values_list("value", flat=True))


def words(window: Firefox, text: str) -> None:
    window.until(f"document.querySelector('[data-push-words]').textContent.includes({json.dumps(text)})")


@pytest.mark.processes
def test_firefox_from_the_button_to_the_screen_and_on(visitors: Visitors, autopush: Autopush):
    url, site = visitors.server.url, make.site("Tower North")
    first, second = make.user("technician"), make.user("office")
    with firefox(autopush.url) as window:
        signed_in(window, url, first)
        window.goto(url + reverse("channels"))
        words(window, "Push is off")
        window.allow(url)
        window.run("document.querySelector('[data-push-on]').click()")
        words(window, "Push is on")
        window.until("document.getElementById('roads').textContent.includes('Firefox on Linux')")
        (before,) = endpoints(first)

        for text, tone in (("it is down", "down"), ("it is back", "up")):
            told(first, site, text, tone)
            shown = f"{NOTIFICATIONS}.then((all) => all.length === 1 && all[0].body === {json.dumps(text)} && all[0])"
            assert window.until(shown)["title"] == "Tower North"
        assert autopush.came == 2

        # The push service forgets the browser, which tells us its new endpoint by itself.
        autopush.rotate()
        until(lambda: endpoints(first) != [before], 30)
        assert len(endpoints(first)) == 1
        told(first, site, "at the new endpoint", "down")
        window.until(f"{NOTIFICATIONS}.then((all) => all.some(({{body}}) => body === 'at the new endpoint'))")

        # Somebody else signs in to this browser: it is theirs, and nobody else's.
        signed_in(window, url, second)
        window.goto(url + reverse("channels"))
        words(window, "Push is on")
        (_,) = endpoints(second)
        assert endpoints(first) == []

        # Removed from elsewhere: at the next sign-in the browser is told, and forgets us.
        elsewhere = Client()
        elsewhere.force_login(second, backend=BACKEND)
        elsewhere.post(reverse("channel_remove", args=[Address.objects.of(second).get(channel="webpush").pk]))
        window.run("sessionStorage.clear()")
        window.goto(url + reverse("channels"))
        words(window, "Push is off")
        until(lambda: endpoints(second) == [])
        assert autopush.channels == set()
