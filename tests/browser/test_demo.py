"""A backhaul fails, is seen, told, taken on, and comes back: on pages that nobody loads again."""

import re
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from agents.simulated.failures import cast
from customers.models import Customer
from outages.models import Check, Incident, Outage
from tests import make
from tests.browser.network import demo_running

SEEN_WITHIN = 30_000
SAME_PAGE = "window.keptSince"


def keep(page: Page) -> None:
    """Mark the page, so that one can tell whether it was loaded again."""
    page.evaluate(f"{SAME_PAGE} = 'the beginning'")


def is_kept(page: Page) -> bool:
    return page.evaluate(SAME_PAGE) == "the beginning"


def all_answer(page: Page) -> None:
    """Wait until Now says that everything that ever answered does."""
    page.goto("/")
    page.reload()
    expect(page.get_by_text("Everything that we look at answers")).to_be_visible(timeout=SEEN_WITHIN)
    expect(page.locator(".figure", has_text="devices up")).to_contain_text(
        str(Check.objects.count() - 2), timeout=SEEN_WITHIN
    )


def test_a_backhaul_fails_and_is_back_while_somebody_only_looks_on(desk: Any):
    page = desk("engineer")
    with demo_running() as running:
        link = cast(running.network).backhaul
        behind = [one for one in running.network.customers_below(link.name) if not one.never_online]
        all_answer(page)
        other = page.context.new_page()
        other.goto("/demo/")
        keep(page)
        other.get_by_role("button", name="A backhaul fails").click()
        expect(other.get_by_text("it happens now")).to_be_visible()
        fails(page, link.name, len(behind))
        told_once(other, f"{link.name} is down: {len(behind)} customers")
        acknowledged(page)
        keep(page)
        running.send("play", scenario="recover")
        expect(page.locator(".incident-card")).to_have_count(0, timeout=SEEN_WITHIN)
        expect(page.get_by_role("link", name="Notices, 1 unread")).to_be_visible(timeout=SEEN_WITHIN)
        assert is_kept(page)
        told_once(other, f"{link.name} is back after")


def fails(page: Page, name: str, customers: int) -> None:
    """One incident with its customers shows by itself, and the bell counts one notice."""
    card = page.locator(".incident-card")
    expect(card).to_have_count(1, timeout=SEEN_WITHIN)
    expect(card).to_contain_text(f"{name} is down")
    expect(card).to_contain_text(f"{customers} customers")
    expect(page.get_by_role("link", name="Notices, 1 unread")).to_be_visible()
    assert is_kept(page)


def told_once(page: Page, text: str) -> None:
    """The inbox has one notice of it, which leads to the incident and is read then."""
    page.goto("/inbox/?show=unread")
    notice = page.get_by_role("main").get_by_role("button", name=re.compile(f"^{re.escape(text)}"))
    expect(notice).to_have_count(1)
    notice.click()
    expect(page.get_by_text("Timeline")).to_be_visible()
    expect(page.get_by_role("link", name="Notices, none unread")).to_be_visible()


def test_who_answers_the_phone_sees_what_may_be_said(desk: Any):
    page = desk("office", "phone")
    home = make.customer("Óscar Núñez")
    link = make.equipment("bh-north", kind="ptp")
    incident = Incident.objects.create(
        equipment=link, opened_at=timezone.now(), customers_behind=12, sentence="A crew is on the tower."
    )
    Outage.objects.create(
        equipment=make.equipment(customer=home), customer=home, incident=incident, opened_by={},
        started_at=timezone.now(), opened_at=timezone.now(),
    )  # fmt: skip
    Customer.objects.quietly().update(state="down")
    page.goto(home.get_absolute_url())
    line = page.locator(".lead-line")
    expect(line).to_contain_text("In an outage since")
    expect(line).to_contain_text("A crew is on the tower.")
    line.get_by_role("link", name="bh-north is down: 12 customers").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("bh-north is down")


def acknowledged(page: Page) -> None:
    """One press takes it on."""
    page.get_by_role("button", name="Acknowledge").click()
    card = page.locator(".incident-card")
    expect(card).to_contain_text("Acknowledged")
    expect(card).to_contain_text(page.user.name)
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
