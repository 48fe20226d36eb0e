"""Setting up a second factor and signing in with it, page by page, as somebody does it; and inviting somebody."""

import time
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Page, expect

from config import options
from notifications.audit import Act
from tests import make
from tests.browser.examined import SIZES, faults

PASSWORD = "seven-tall-towers"


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def sound(page: Page) -> None:
    """The page that is shown has nothing wrong with it; it is loaded anew for that."""
    found = list(faults(page, page.url))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", SIZES)
def test_a_second_factor_is_set_up_and_asked_for(visitors, size):
    make.user("engineer", email="emeka@example.net", password=PASSWORD)
    page = visitors.context(None, size).new_page()
    page.goto(reverse("account_login"))
    sign_in(page)
    page.goto(reverse("me"))
    page.get_by_role("link", name="Set it up").click()
    sound(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    sound(page)
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 100
    secret = page.get_by_label("Key", exact=True).input_value()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Set it up").click()
    sound(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download them").click()
    assert len(Path(download.value.path()).read_text().split()) == 10
    sound(page)
    page.get_by_role("link", name="Make new ones").click()
    sound(page)
    page.goto(reverse("mfa_deactivate_totp"))
    sound(page)
    # The code that set it up is spent.
    cache.clear()
    page = visitors.context(None, size).new_page()
    page.goto(reverse("account_login"))
    sign_in(page)
    sound(page)
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Your second factor")


def sign_in(page: Page) -> None:
    page.get_by_label("Email").fill("emeka@example.net")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_load_state()


def test_another_role_shows_its_own_starters(visitors):
    administrator = make.user("administrator")
    page = visitors.context(administrator).new_page()
    page.goto(reverse("user_add"))
    expect(page.get_by_label("An incident is over")).to_be_checked()
    page.get_by_label("Role").select_option("office")
    expect(page.get_by_label("An incident is over")).to_have_count(0)
    page.get_by_label("Name").fill("Ben Ode")
    page.get_by_label("E-mail").fill("ben@example.net")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link").input_value()
    assert Act.objects.get(what="invited").by == administrator
    theirs = visitors.context().new_page()
    theirs.goto("/" + link.split("/", 3)[3])
    expect(theirs.get_by_role("heading", level=1)).to_have_text("Welcome, Ben Ode")


@pytest.mark.parametrize("size", SIZES)
def test_who_waits_sees_one_page(visitors, size):
    options.change(isp_name="Windrow Wireless")
    page = visitors.context(make.user("", name="Octavia Cat"), size).new_page()
    for address, status in ((reverse("waiting"), 200), (reverse("customers"), 403)):
        found = list(faults(page, address, status))
        assert not found, "\n".join(found)
