"""Triage and the alarm of a silent source, as people see them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agents.models import Agent
from agents.probes.readings import UpstreamError
from agents.work import Outcome
from outages.models import Check, Source
from outages.sources import polling
from tests import make
from tests.browser.examined import SIZES, faults


def dark(name: str, **fields: Any) -> Check:
    """Something that never answered."""
    since = timezone.now() - timedelta(days=2)
    of = make.equipment(name, address=None, **fields)
    return make.check(of, dark_since=since, dark_message="UISP says disconnected")


def of_thirty() -> None:
    for number in range(30):
        customer = make.customer(f"Family {number}", suspended=number % 7 == 0)
        dark(f"cpe-{number:02}", customer=customer, site=make.site(f"Ridge {number}"))


@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_sound(desk: Any, size: str):
    page = desk("technician", size)
    of_thirty()
    found = [*faults(page, "/triage/"), *faults(page, "/triage/?show=broken")]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", SIZES)
def test_one_is_sorted_with_one_press_and_all_of_a_page_with_two(desk: Any, size: str):
    page: Page = desk("technician", size)
    of_thirty()
    page.goto("/triage/?q=cpe-0")
    page.get_by_role("button", name="Seasonal cpe-03").click()
    expect(page.get_by_text("1 piece of equipment is sorted as seasonal")).to_be_visible()
    expect(page.get_by_text("cpe-03")).to_have_count(0)
    for number in (4, 5):
        page.get_by_label(f"cpe-{number:02}").check()
    page.get_by_role("button", name="Abandoned", exact=True).click()
    expect(page.get_by_text("2 pieces of equipment are sorted as abandoned")).to_be_visible()
    page.get_by_role("link", name="Abandoned").click()
    expect(page.get_by_role("row").filter(has_text="cpe-")).to_have_count(2)
    assert Check.objects.filter(sorted_as="").count() == 27


def test_all_on_a_page_are_ticked_at_once(desk: Any):
    page: Page = desk("technician")
    of_thirty()
    page.goto("/triage/")
    page.get_by_label("Tick all on this page").check()
    page.get_by_role("button", name="Broken", exact=True).click()
    expect(page.get_by_text("30 pieces of equipment are sorted as broken")).to_be_visible()


def test_a_silent_source_is_said_across_the_top_of_an_open_page_until_it_answers(desk: Any):
    page: Page = desk("office")
    Agent.objects.update_or_create(name="here", defaults={"seen_at": timezone.now()})
    source: Source = make.source()
    page.goto("/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    now = timezone.now().timestamp()
    for second in (0, 30):
        fault = UpstreamError("unauthorised", "the key is not accepted")
        polling.note(Outcome(f"source {source.pk}", now + second, 0.1, 1, fault))
    alarm = page.get_by_role("alert").filter(has_text="UISP Main has not answered since")
    expect(alarm).to_contain_text("the key is not accepted.")
    polling.note(Outcome(f"source {source.pk}", now + 60, 0.1, 1))
    expect(alarm).to_have_count(0)
