"""What a page that stays open does when the session ends, or the server is gone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config import staff
from notifications import live
from tests import make
from tests.browser.conftest import Visitors
from tests.browser.served import Server


def now_open(page: Page) -> Page:
    """Now, live."""
    page.goto("/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    return page


def test_the_next_part_of_a_page_of_somebody_turned_off_leads_to_the_sign_in(desk: Any):
    page = now_open(desk("engineer"))
    staff.turn_off(page.user, make.user("administrator"))
    live.bump("incidents")
    expect(page).to_have_url(re.compile(r"/account/login/\?next=/$"))
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.locator("h1")).to_have_count(1)


def test_somebody_else_who_is_turned_off_changes_nothing(desk: Any):
    page, other = now_open(desk("engineer")), make.user("engineer")
    staff.turn_off(other, make.user("administrator"))
    with page.expect_response("**/now/board/") as answer:
        live.bump("incidents")
    assert answer.value.ok
    expect(page.get_by_role("heading", level=1)).to_have_text("Now")


@pytest.fixture
def own_server(server: Server) -> Any:
    """A server that a test may stop."""
    with Server() as running:
        yield running


def test_a_server_that_is_gone_is_said_and_found_again(visitors: Visitors, own_server: Server):
    elsewhere = Visitors(visitors.browser, own_server)
    with elsewhere.opened:
        page = now_open(elsewhere.context(make.user("engineer")).new_page())
        own_server.stop()
        expect(page.locator("#live")).to_have_attribute("data-state", "reconnecting")
        expect(page.locator("#live")).to_contain_text("Reconnecting")
        own_server.start()
        with page.expect_response("**/now/board/", timeout=20_000):
            expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=15_000)
