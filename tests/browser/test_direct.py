"""Writing to others from the page of an object: the panel opens in its place, counts as one types, and is sound."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from notifications.models import Notice
from tests import make
from tests.browser.examined import AXE, RUN_AXE, SIZES, TOO_WIDE


def opened(page: Page, address: str) -> Any:
    """The panel of the thing at this address."""
    page.goto(address)
    panel = page.locator("#send-notice")
    panel.get_by_role("link", name="Send a notice").click()
    expect(panel.get_by_role("heading", name="Send a notice")).to_be_focused()
    expect(page.locator(".htmx-added, .htmx-settling, .htmx-swapping, .htmx-request")).to_have_count(0)
    return panel


@pytest.mark.parametrize("size", SIZES)
def test_the_panel_opens_in_its_place_and_sends(desk: Any, size: str):
    page, office = desk("engineer", size), make.user("office", name="Ida Ohm")
    customer = make.customer("Łucja Żółkiewska")
    panel = opened(page, customer.get_absolute_url())
    page.evaluate(AXE.axe_script)
    assert [*page.evaluate(RUN_AXE, {}), *page.evaluate(TOO_WIDE)] == []
    panel.get_by_label("Text").fill("Please call back")
    expect(panel).to_contain_text("264 of 280 signs left")
    panel.get_by_label("Ida Ohm").check()
    panel.get_by_label("This page as PDF").check()
    panel.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sent to 1 person.")).to_be_visible()
    notice = Notice.objects.to(office).get()
    assert (notice.about, notice.text) == (customer, "Please call back")
    assert notice.report.name.endswith(".pdf")


def test_the_counter_says_how_many_are_too_many_and_the_server_refuses_and_keeps_them(desk: Any):
    page, _ = desk("engineer"), make.user("office")
    panel = opened(page, make.site().get_absolute_url())
    words = "🗼" * 140 + " \n " + "x" * 140
    panel.get_by_label("Text").fill(words)
    expect(panel).to_contain_text("1 too many: at most 280 signs")
    panel.get_by_label("Everybody", exact=True).check()
    panel.get_by_role("button", name="Send").click()
    expect(page.locator(".form-errors")).to_contain_text("Text: At most 280 signs: this has 281.")
    expect(page.get_by_label("Text")).to_have_value(words)
    expect(page.locator(".counter")).to_contain_text("1 too many")
    expect(page.get_by_label("Everybody", exact=True)).to_be_checked()
    assert not Notice.objects.exists()
    page.get_by_label("Text").fill(words[:-1])
    expect(page.locator(".counter")).to_contain_text("0 of 280 signs left")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sent to 1 person.")).to_be_visible()
    assert Notice.objects.count() == 1
