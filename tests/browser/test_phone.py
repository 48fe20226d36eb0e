"""On a roof, with a thumb."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import make


@pytest.fixture
def phone(desk: Any) -> Page:
    """An engineer's phone."""
    return desk("engineer", "phone")


def test_the_menu_opens_leads_on_and_closes(phone: Page):
    phone.goto("/")
    menu = phone.locator("#menu")
    expect(menu).to_be_hidden()
    phone.get_by_role("button", name="Menu", exact=True).tap()
    expect(menu).to_be_visible()
    menu.get_by_role("button", name="Close the menu").tap()
    expect(menu).to_be_hidden()
    phone.get_by_role("button", name="Menu", exact=True).tap()
    menu.get_by_role("link", name="Network").tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Network")


def test_what_can_be_done_stays_in_reach_of_the_thumb(phone: Page):
    phone.goto(make.equipment("sector-1", notes="one line\n" * 80).get_absolute_url())
    change = phone.get_by_role("link", name="Change")
    height = phone.viewport_size["height"]
    for scrolled in (0, 10_000):
        phone.mouse.wheel(0, scrolled)
        assert height * 0.7 < change.bounding_box()["y"] < height - 44
    change.tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Change sector-1")


def test_the_last_line_of_a_page_is_not_hidden_behind_the_actions(phone: Page):
    phone.goto(make.equipment("sector-1", notes="one line\n" * 80).get_absolute_url())
    phone.evaluate("scrollTo(0, document.body.scrollHeight)")
    foot, actions = (phone.locator(part).bounding_box() for part in (".desk-foot", ".page-actions"))
    assert foot["y"] + foot["height"] <= actions["y"] + 1


def test_filters_wait_behind_a_button(phone: Page):
    phone.goto("/network/")
    expect(phone.get_by_label("Search", exact=True)).to_be_visible()
    expect(phone.get_by_label("Kind")).to_be_hidden()
    phone.get_by_role("button", name="Filters").tap()
    expect(phone.get_by_label("Kind")).to_be_visible()


def test_a_card_of_a_list_is_one_target(phone: Page):
    make.equipment("sector-1", kind="ap")
    phone.goto("/network/")
    phone.locator("#rows tbody tr").tap(position={"x": 20, "y": 60})
    expect(phone.get_by_role("heading", level=1)).to_have_text("sector-1")
