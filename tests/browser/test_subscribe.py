"""The menu behind the bell of an object opens in its place, follows what is chosen, and is sound."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from notifications.models import Subscription
from outages.models import Outage
from tests import make
from tests.browser.examined import AXE, RUN_AXE, SIZES, TOO_WIDE


def opened(page: Page, address: str) -> Any:
    """The menu of the thing at this address."""
    page.goto(address)
    page.locator("#subscribe").get_by_role("link", name="Subscribe").click()
    menu = page.locator("#subscribe")
    expect(menu.get_by_role("heading", name="What is told of it")).to_be_focused()
    settled(page)
    return menu


def settled(page: Page) -> None:
    """htmx listens to what it put into the page only a moment after it is seen there."""
    expect(page.locator(".htmx-added, .htmx-settling, .htmx-swapping, .htmx-request")).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
def test_the_menu_opens_in_its_place_and_is_sound(desk: Any, size: str):
    page = desk("administrator", size)
    site = make.site("Högsåra north ridge")
    menu = opened(page, site.get_absolute_url())
    expect(page).to_have_url(page.url)
    page.evaluate(AXE.axe_script)
    assert [*page.evaluate(RUN_AXE, {}), *page.evaluate(TOO_WIDE)] == []
    menu.get_by_label("An incident opened").check()
    menu.get_by_label("From how many customers").first.fill("2")
    menu.get_by_role("button", name="Save").click()
    expect(page.locator("#subscribe")).to_contain_text("1 of us listens")
    row = Subscription.objects.get()
    assert (row.about, row.asked) == (site, {"at_least": 2})


def test_choosing_somebody_else_or_all_of_a_kind_shows_what_they_hear(desk: Any):
    page, other = desk("administrator"), make.user(name="Tomás Núñez")
    Subscription.objects.create(event="outage.opened", recipient_kind="user", recipient_key=str(other.pk))
    menu = opened(page, make.site().get_absolute_url())
    menu.get_by_label("For", exact=True).select_option("Tomás Núñez")
    expect(menu).to_contain_text("Tomás Núñez hears of this one")
    settled(page)
    menu.get_by_label("Of", exact=True).focus()
    menu.get_by_label("Of", exact=True).select_option("All of this kind")
    expect(menu.get_by_label("A piece of equipment went down")).to_be_checked()
    settled(page)
    expect(menu.get_by_label("Of", exact=True)).to_be_focused()
    menu.get_by_label("A piece of equipment came back").check()
    menu.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved for Tomás Núñez.")).to_be_visible()
    assert {row.recipient_key for row in Subscription.objects.all()} == {str(other.pk)}
    assert Subscription.objects.count() == 2


@pytest.mark.parametrize("size", SIZES)
def test_the_options_count_what_would_have_been_sent_while_they_are_typed(desk: Any, size: str):
    page, radio, now = desk("engineer", size), make.equipment("ap-1", site=make.site(tags="north")), timezone.now()
    Outage.objects.create(equipment=radio, site=radio.site, started_at=now, opened_at=now, opened_by={})
    menu = opened(page, radio.site.get_absolute_url())
    menu.get_by_text("Outages", exact=True).click()
    menu.get_by_label("A piece of equipment went down").check()
    menu.get_by_text("More options: A piece of equipment went down").click()
    expect(menu.get_by_text("The last 30 days would have sent me 1")).to_be_visible()
    menu.get_by_label("With none of these tags").locator("visible=true").fill("North")
    menu.get_by_label("With none of these tags").locator("visible=true").blur()
    expect(menu.get_by_text("The last 30 days would have sent me 0")).to_be_visible()
    page.evaluate(AXE.axe_script)
    assert [*page.evaluate(RUN_AXE, {}), *page.evaluate(TOO_WIDE)] == []


def test_several_rows_of_the_list_are_changed_and_saved_once_and_enter_removes_none(desk: Any):
    page = desk("engineer")
    rows = [
        Subscription.objects.create(event=key, recipient_kind="user", recipient_key=str(page.user.pk))
        for key in ("incident.opened", "outage.still_open")
    ]
    page.goto(reverse("subscriptions"))
    page.get_by_label("From how many customers").fill("9")
    page.get_by_label("After so many minutes").fill("45")
    page.get_by_label("After so many minutes").press("Enter")
    expect(page.get_by_text("2 changed.")).to_be_visible()
    for row in rows:
        row.refresh_from_db()
    assert [row.asked for row in rows] == [{"at_least": 9}, {"minutes": 45}]
