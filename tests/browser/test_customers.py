"""A customer is written down, put right, archived, brought back and deleted."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from customers.models import Customer
from tests import make


def confirmed(page: Page, action: str, button: str) -> None:
    """Ask for something that is asked about once, and say yes."""
    page.locator(".page-actions").get_by_role("link", name=action).click()
    page.get_by_role("main").get_by_role("button", name=button).click()


def test_an_error_names_its_field_and_what_was_typed_is_kept(desk: Any):
    make.customer("Rosa Field", account="F-1")
    page = desk("office")
    page.goto("/customers/")
    page.get_by_role("link", name="Add a customer").click()
    page.get_by_label("Given name").fill("Łucja")
    page.get_by_label("Account number").fill("F-1")
    page.get_by_label("E-mail").fill("no address")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".form-errors")).to_contain_text("2 things have to be put right")
    expect(page.locator(".form-errors")).to_contain_text("Rosa Field has this account number.")
    expect(page.get_by_label("Given name")).to_have_value("Łucja")
    expect(page.get_by_label("E-mail")).to_have_value("no address")
    expect(page.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("E-mail").fill("lucja@example.net")
    page.get_by_label("Account number").fill("F-2")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Łucja")


def test_a_customer_is_deleted_after_one_question(desk: Any):
    page = desk("office")
    page.goto(make.customer("Dean Irvine").get_absolute_url())
    confirmed(page, "Delete", "Delete for good")
    expect(page.get_by_text("Dean Irvine is deleted.")).to_be_visible()
    assert not Customer.objects.exists()


def test_a_customer_is_archived_and_brought_back(desk: Any):
    page = desk("office")
    page.goto(make.customer("Dean Irvine").get_absolute_url())
    confirmed(page, "Archive", "Archive")
    expect(page.locator(".page-state")).to_contain_text("Archived")
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_text("Dean Irvine is back.")).to_be_visible()
    expect(page.locator(".page-state")).not_to_contain_text("Archived")


def test_a_list_follows_its_filters_while_one_types(desk: Any):
    for name in ("Ann Archer", "Bo Baker", "Cy Cook"):
        make.customer(name)
    page = desk("office")
    page.goto("/customers/")
    page.get_by_label("Search", exact=True).fill("bak")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=bak"))
    page.reload()
    expect(page.locator("#rows tbody tr")).to_contain_text("Bo Baker")
