"""The first minutes: an empty installation, its first administrator, the first device."""

import re
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from config import setup
from tests.browser import addresses
from tests.browser.examined import SIZES, faults
from tests.browser.world import LONG

EMPTY = sorted(set(addresses.NAMES) - addresses.TAKE_A_PK - addresses.AT_THE_DOOR - set(addresses.KEYS))
# Forms are the same whatever there is.
LISTS = ["welcome", *(name for name in EMPTY if not name.startswith("account_") and not name.endswith("_add"))]


def signed_up(page: Page) -> None:
    """The first administrator has come in by the address that the console names."""
    page.goto(reverse("setup", args=[setup.token()]))
    page.get_by_label("Your name").fill("Ada Whitlock")
    page.get_by_label("E-mail").fill("ada@example.net")
    page.get_by_label("Password").fill("seven-tall-towers")
    page.get_by_role("main").get_by_role("button").click()
    expect(page).to_have_url(re.compile("/welcome/$"))


@pytest.mark.parametrize("size", SIZES)
def test_the_first_page_is_sound(visitors: Any, size: str):
    page = visitors.context(size=size).new_page()
    assert list(faults(page, reverse("setup", args=[setup.token()]))) == []


@pytest.mark.parametrize("size", SIZES)
def test_pages_where_nothing_is_yet_are_sound_and_say_so(desk: Any, size: str):
    page = desk(size=size)
    found = [f"{name}: {fault}" for name in LISTS for fault in faults(page, reverse(name))]
    assert not found, "\n".join(found)
    for name, words in (("customers", "No customers yet"), ("inbox", "No notices yet"), ("now", "Nothing to look at")):
        page.goto(reverse(name))
        expect(page.get_by_role("main")).to_contain_text(words)


def test_a_wrong_token_is_refused_and_what_was_typed_is_kept(visitors: Any):
    page = visitors.context().new_page()
    page.goto(reverse("setup", args=["guessed"]))
    page.get_by_label("Your name").fill(LONG[:100])
    page.get_by_label("E-mail").fill("ada@example.net")
    page.get_by_label("Password").fill("seven-tall-towers")
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("Token: This is not the token that the console printed.")
    expect(page.get_by_label("Your name")).to_have_value(LONG[:100])


def test_from_the_console_to_the_first_device(visitors: Any):
    page = visitors.context().new_page()
    signed_up(page)
    page.get_by_role("link", name="Add your first device").click()
    page.get_by_label("Name", exact=True).fill("core-depot")
    page.get_by_label("IP address").fill("10.20.30.1")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("core-depot")
    looking = page.get_by_role("region", name="Looking")
    expect(looking).to_contain_text("every 10 s; 3 in 15 s")
    expect(looking).to_contain_text("never answered")
    expect(page.get_by_text("No readings in this range")).to_be_visible()
