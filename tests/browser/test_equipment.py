"""The page of a device: ping now, the chart, and rules that cannot work."""

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from agents import roster
from agents.probes import icmp
from agents.probes.readings import Reading
from outages import history
from outages.models import Check
from tests import make

# Milliseconds at which a line was added, as the page itself sees them.
WHEN = """() => {
  window.came = [];
  new MutationObserver((changes) => {
    const lines = changes.flatMap(({addedNodes}) => [...addedNodes]).filter((one) => one.matches?.(".probe-lines li"));
    window.came.push(...lines.map(() => performance.now()));
  }).observe(document.body, {childList: true, subtree: true});
}"""
PAINTED = """(canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"""


@pytest.mark.skipif(icmp.how() is None, reason="this process may not send pings")
def test_ping_now_shows_each_answer_as_it_comes(desk: Any):
    roster.simulate(True)
    page = desk("technician", "phone")
    page.goto(make.equipment("here", address="127.0.0.1").get_absolute_url())
    page.evaluate(WHEN)
    page.get_by_role("button", name="Ping now").click()
    expect(page.get_by_role("button", name="Ping now")).to_be_disabled()
    lines = page.locator(".probe-lines li")
    expect(lines).to_have_count(5)
    came = page.evaluate("window.came")
    assert len(came) >= 5 and came[-1] - came[0] > 1000
    assert all(text.endswith(" ms") for text in lines.all_inner_texts())
    expect(page.get_by_role("button", name="Ping now")).to_be_focused()


@pytest.fixture
def charted(desk: Any) -> Page:
    """The page of a router that has answered once a minute for fifty minutes."""
    check = make.check(make.equipment("core-depot", kind="router", address="10.20.30.1"), interval=60, window=60)
    now = time.time()
    for minute in range(50, 0, -1):
        history.write([Reading(check.pk, True, now - 60 * minute, ms=4 + minute % 3)])
    page = desk("engineer")
    page.goto(check.equipment.get_absolute_url())
    return page


def test_a_chart_is_drawn(charted: Page):
    canvas = charted.locator(".chart canvas")
    expect(canvas).to_be_visible()
    assert canvas.evaluate(PAINTED)


def test_a_chart_shows_another_range(charted: Page):
    charted.locator(".chart canvas").evaluate("(canvas) => canvas.dataset.old = 'yes'")
    with charted.expect_response(lambda answer: "range=week" in answer.url):
        charted.get_by_role("button", name="Week").click()
    expect(charted.locator(".chart canvas[data-old]")).to_have_count(0)
    expect(charted.get_by_role("button", name="Week")).to_have_attribute("aria-pressed", "true")
    expect(charted.get_by_role("button", name="Hour", exact=True)).to_have_attribute("aria-pressed", "false")


def test_a_chart_can_be_read_as_a_table(charted: Page):
    charted.get_by_text("Show as table").click()
    rows = charted.locator(".chart-table tbody tr")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("5 ms")


def test_a_rule_that_cannot_work_is_refused_and_both_its_fields_are_named(desk: Any):
    check = make.check()
    page = desk("engineer")
    page.goto(f"/checks/{check.pk}/")
    page.get_by_label("Readings").fill("50")
    page.get_by_label("Within (s)").fill("2")
    page.get_by_role("button", name="Save").click()
    errors = page.get_by_role("alert").get_by_role("link")
    expect(errors).to_have_count(2)
    expect(errors.nth(0)).to_contain_text("Readings: 50 readings do not fit into 2 s")
    expect(errors.nth(1)).to_contain_text("Within (s): 50 readings do not fit into 2 s")
    expect(page.get_by_label("Readings")).to_have_value("50")
    assert Check.objects.get().count == 3
    errors.nth(1).click()
    expect(page.get_by_label("Within (s)")).to_be_focused()


def test_a_rule_that_works_is_saved_and_shown(desk: Any):
    check = make.check()
    page = desk("engineer")
    page.goto(f"/checks/{check.pk}/")
    page.get_by_label("Interval (s)").fill("30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Looking")).to_contain_text("every 30 s; 3 in 15 s")
