"""From the key / to a customer's page, while the phone is at one's ear."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import make

CUSTOMER, CPE = "Óscar Núñez", "cpe-north-7"


@pytest.fixture
def office(desk: Any) -> Page:
    """The office, with a customer and her radio."""
    customer = make.customer(CUSTOMER, phone="+1 406 555 0142", street="12 Sawmill Road")
    make.equipment(CPE, address="10.20.30.47", mac="02:ab:cd:ef:00:17", customer=customer)
    make.customer("Dean Irvine", phone="+1 307 555 0199")
    page = desk("office")
    page.goto("/")
    return page


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        ("nunez", CUSTOMER),
        ("555 0142", CUSTOMER),
        ("4065550142", CUSTOMER),
        ("sawmill", CUSTOMER),
        ("abcdef", CPE),
        ("AB-CD-EF-00-17", CPE),
        ("20.30.47", CPE),
    ],
)
def test_a_part_of_what_the_caller_says_is_enough(office: Page, typed: str, leads_to: str):
    office.keyboard.press("/")
    office.keyboard.type(typed)
    expect(office.locator("#search-results a").first).to_contain_text(leads_to)
    office.keyboard.press("ArrowDown")
    office.keyboard.press("Enter")
    expect(office.get_by_role("heading", level=1)).to_have_text(leads_to)


def test_enter_alone_shows_everything_that_was_found(office: Page):
    office.keyboard.press("/")
    office.keyboard.type("555")
    office.keyboard.press("Enter")
    expect(office.get_by_role("heading", level=1)).to_have_text("Search for “555”")
    expect(office.get_by_role("main").get_by_role("link")).to_have_count(3)


def test_nothing_found_says_so_and_escape_closes_it(office: Page):
    office.keyboard.press("/")
    office.keyboard.type("nobody")
    expect(office.locator("#search-results")).to_have_text("Nothing matches “nobody”.")
    office.keyboard.press("Escape")
    expect(office.locator("#search-results")).to_be_empty()


def test_g_and_a_letter_go_to_a_place(office: Page):
    office.keyboard.press("g")
    office.keyboard.press("c")
    expect(office.get_by_role("heading", level=1)).to_have_text("Customers")
