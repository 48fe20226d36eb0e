"""Acknowledging in a real browser: the button of a push message, the link of a letter, and the inbox as it lives."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from notifications import acknowledging, reading
from notifications.models import Delivery, Notice
from outages.models import Incident
from tests import make
from tests.browser.conftest import Visitors
from tests.browser.test_push import Chromium, service, told, until
from tests.notifications.outgoing import sent
from tests.notifications.pushed import PushService

__all__ = ["service"]
ACKNOWLEDGE = re.compile("^Acknowledge")
PRESS = """([place, action]) => registration.getNotifications().then((all) =>
    dispatchEvent(new NotificationEvent("notificationclick", {notification: all[place], action})))"""
ACTIONS = """navigator.serviceWorker.ready.then((registration) => registration.getNotifications()).then((all) =>
  all.map(({actions}) => actions.map(({title}) => title)))"""


def incident(**fields: Any) -> Incident:
    given = {"equipment": make.equipment("sector-1", kind="ap"), "opened_at": timezone.now()}
    return Incident.objects.create(**(given | fields))


def pushed(page: Page, service: PushService, about: Any, tone: str = "down") -> Chromium:
    """A browser in which a push message about a thing is on the screen."""
    chromium = Chromium(page, service.browser())
    told(page.user, about, f"{about} ({tone})", tone)
    chromium.deliver(service.came[-1][2])
    until(lambda: len(chromium.shown()) == 1)
    return chromium


def press(page: Page, action: str) -> None:
    (worker,) = page.context.service_workers
    worker.evaluate(PRESS, [0, action])


def test_the_button_acknowledges_without_opening_anything(desk: Any, service: PushService):
    page, one = desk("technician"), incident()
    chromium, before = pushed(page, service, one), page.url
    assert page.evaluate(ACTIONS) == [["Acknowledge"]]
    press(page, "acknowledge")
    until(lambda: Notice.objects.get(tone="down").acked_at)
    until(lambda: chromium.shown() == [])
    one.refresh_from_db()
    assert (one.state, one.owner, page.url) == ("acknowledged", page.user, before)


def test_a_click_beside_the_button_opens_the_page_and_acknowledges_nothing(desk: Any, service: PushService):
    page, one = desk("technician"), incident()
    pushed(page, service, one)
    site = page.url.partition("/me/")[0]
    press(page, "")
    expect(page).to_have_url(site + one.get_absolute_url())
    assert Notice.objects.get(tone="down").acked_at is None


def test_a_button_that_comes_too_late_opens_the_page(desk: Any, service: PushService):
    page, one = desk("technician"), incident()
    pushed(page, service, one)
    Notice.objects.filter(tone="down").update(withdrawn_at=timezone.now())
    site = page.url.partition("/me/")[0]
    press(page, "acknowledge")
    expect(page).to_have_url(site + one.get_absolute_url())


def test_good_news_have_no_button(desk: Any, service: PushService):
    page = desk("technician")
    pushed(page, service, incident(), "up")
    assert page.evaluate(ACTIONS) == [[]]


def test_the_link_of_a_letter_asks_and_acts_for_who_is_not_signed_in(visitors: Visitors):
    ada = make.user(name="Ada Whitlock")
    told(ada, incident(), "sector-1 is down", "down")
    notice = Notice.objects.get(tone="down")
    page = visitors.context(size="phone").new_page()
    page.goto(reverse("acknowledge", args=[acknowledging.token(notice)]))
    expect(page.get_by_text("You acknowledge for Ada Whitlock")).to_be_visible()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("heading", name="Acknowledged")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Acknowledged already")).to_be_visible()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_inbox_is_worked_on_without_leaving_it(desk: Any, size: str):
    page, one = desk("technician", size), incident()
    told(page.user, one, "sector-1 is down", "down")
    page.goto(reverse("inbox"))
    matter = page.locator(".matter")
    matter.get_by_role("button", name=ACKNOWLEDGE).click()
    expect(matter).to_contain_text("acknowledged")
    expect(matter.get_by_role("button", name=ACKNOWLEDGE)).to_have_count(0)
    matter.get_by_role("button", name="Mark as unread").click()
    expect(matter).to_have_class("matter notice-unread")
    matter.locator("summary[aria-label=Snooze]").click()
    matter.get_by_role("button", name="For an hour").click()
    expect(page.get_by_text("No notices yet")).to_be_visible()
    if size == "phone":
        page.get_by_role("button", name="Filters").click()
    page.get_by_label("Show").select_option("snoozed")
    expect(page.locator(".matter")).to_contain_text("back ")
    page.get_by_role("button", name="Show again").click()
    expect(page.get_by_text("Nothing snoozed")).to_be_visible()
    page.get_by_label("Show").select_option("")
    expect(page.locator(".matter")).to_contain_text("sector-1 is down")


def test_a_menu_stays_open_when_a_notice_draws_the_list_anew(desk: Any):
    page = desk("technician", "phone")
    told(page.user, incident(), "sector-1 is down", "down")
    page.goto(reverse("inbox"))
    page.locator("summary[aria-label=Snooze]").click()
    told(page.user, make.site("Far away"), "another thing", "up")
    expect(page.locator(".matter")).to_have_count(2)
    matter = page.locator(".matter", has_text="sector-1")
    expect(matter.get_by_role("button", name="For an hour")).to_be_visible()
    expect(page.locator("details.matter-more[open]")).to_have_count(1)


def test_what_has_the_focus_keeps_it_when_a_notice_draws_the_list_anew(desk: Any):
    page = desk("technician")
    told(page.user, incident(), "sector-1 is down", "down")
    page.goto(reverse("inbox"))
    for number, name in ((2, "For an hour"), (3, "Mark as read")):
        matter = page.locator(".matter", has_text="sector-1")
        if number == 2:
            page.locator("summary[aria-label=Snooze]").first.press("Enter")
        button = matter.get_by_role("button", name=name, exact=True)
        button.focus()
        told(page.user, make.site(f"Far away {number}"), "another thing", "up")
        expect(page.locator(".matter")).to_have_count(number)
        expect(button).to_be_focused()


def test_a_notice_that_comes_while_the_list_is_on_its_way_is_drawn_as_well(desk: Any):
    page, held = desk("technician"), []
    told(page.user, incident(), "sector-1 is down", "down")

    def hold_the_first(route: Route) -> None:
        if route.request.headers.get("hx-target") == "rows" and not held:
            held.append(route)
        else:
            route.continue_()

    page.route(f"**{reverse('inbox')}*", hold_the_first)
    page.goto(reverse("inbox"))
    while not held:
        page.wait_for_timeout(50)
    answer = held[0].fetch()
    told(page.user, make.site("Far away"), "another thing", "up")
    expect(page.locator(".bell")).to_have_attribute("aria-label", "Notices, 2 unread")
    held[0].fulfill(response=answer)
    expect(page.locator(".matter")).to_have_count(2)


def test_a_notice_that_comes_leaves_the_filter_as_it_is(desk: Any):
    page = desk("technician")
    page.goto(reverse("inbox"))
    page.get_by_label("Show").select_option("snoozed")
    expect(page.get_by_text("Nothing snoozed")).to_be_visible()
    with page.expect_response(lambda answer: "show=snoozed" in answer.url):
        told(page.user, incident(), "sector-1 is down", "down")
    expect(page.locator(".bell")).to_have_attribute("aria-label", "Notices, 1 unread")
    expect(page.get_by_text("Nothing snoozed")).to_be_visible()
    expect(page.locator(".matter")).to_have_count(0)


def test_escape_closes_a_menu_and_steps_back_to_its_button(desk: Any):
    page = desk("technician")
    told(page.user, incident(), "sector-1 is down", "down")
    page.goto(reverse("inbox"))
    page.locator("summary[aria-label=Snooze]").press("Enter")
    page.get_by_role("button", name="For an hour").focus()
    page.keyboard.press("Escape")
    expect(page.locator("details.matter-more[open]")).to_have_count(0)
    expect(page.locator("summary[aria-label=Snooze]")).to_be_focused()


def test_how_many_are_unread_follows_the_list(desk: Any):
    page = desk("technician")
    page.goto(reverse("inbox"))
    everything, unread = page.get_by_role("button", name="Mark all as read"), page.locator("#filter-unread")
    expect(page.get_by_text("No notices yet")).to_be_visible()
    expect(everything).to_have_count(0)
    told(page.user, incident(), "sector-1 is down", "down")
    expect(unread).to_have_text("Unread (1)")
    expect(everything).to_be_visible()
    page.get_by_role("button", name="Mark as read", exact=True).click()
    expect(unread).to_have_text("Unread")
    expect(everything).to_have_count(0)


def test_the_page_of_a_delivery_follows_what_becomes_of_it(desk: Any):
    page, one = desk("administrator"), sent(state=Delivery.State.WAITING)
    page.goto(one.get_absolute_url())
    expect(page.locator("#delivery-state")).to_have_text("Waiting")
    Delivery.objects.update(state=Delivery.State.FAILED)
    expect(page.locator("#delivery-state")).to_have_text("Failed for good")
    expect(page.get_by_role("button", name="Send once more")).to_be_visible()
    expect(page.locator("[hx-trigger^=every][id=delivery]")).to_have_count(0)


def test_what_comes_back_from_a_snooze_appears_by_itself(desk: Any):
    page, now = desk("technician"), timezone.now()
    told(page.user, incident(), "sector-1 is down", "down")
    mine = Notice.objects.filter(tone="down")
    reading.snooze(mine, page.user, now + timedelta(hours=1), now)
    page.goto(reverse("inbox"))
    expect(page.get_by_text("No notices yet")).to_be_visible()
    # The hour goes by.
    Notice.objects.update(snoozed_until=timezone.now(), due_at=timezone.now())
    assert reading.bring_back(timezone.now()) == 1
    expect(page.locator(".matter")).to_contain_text("sector-1 is down")
    expect(page.locator(".bell")).to_have_attribute("aria-label", "Notices, 1 unread")
