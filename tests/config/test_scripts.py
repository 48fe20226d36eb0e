"""The scripts of the shell, in a browser that gets them without a server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Route, expect

from config.templatetags import shell
from tests.chromium import launched
from tests.config.drawn import NOON


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of our own, beside what other tests start."""
    with launched() as browser:
        yield browser


@pytest.fixture
def visit(chromium: Browser):
    """Opens a page of this body with these scripts; `answers` are bodies and types by path."""
    page = chromium.new_page(color_scheme="dark", timezone_id="Europe/Berlin")

    def begin(body: str, *scripts: str, answers: dict[str, tuple[str, str]] | None = None) -> Page:
        tags = "".join(f'<script src="/static/{name}" defer></script>' for name in scripts)
        document = f'<!DOCTYPE html><html lang="en"><head><title>t</title>{tags}</head>{body}</html>'
        known = {"/": (document, "text/html")} | (answers or {})

        def answer(route: Route) -> None:
            path = route.request.url.removeprefix("http://shell.test").split("?")[0]
            if path in known:
                return route.fulfill(body=known[path][0], content_type=known[path][1])
            if path.startswith("/static/vendor/"):
                return route.fulfill(path=settings.BASE_DIR / "node_modules" / path.removeprefix("/static/vendor/"))
            if path.startswith("/static/"):
                return route.fulfill(path=settings.BASE_DIR / path[1:])
            return route.fulfill(status=404)

        page.route("**/*", answer)
        page.goto("http://shell.test/")
        return page

    yield begin
    page.close()


@pytest.mark.browser
def test_the_page_counts_as_the_server_does(visit):
    seconds = [60, 3500, 7500, 86400, 356400]
    now = datetime.now(UTC)
    starts = [now - timedelta(seconds=second + 0.2) for second in seconds]
    clocks = "".join(f'<b data-since="{start.isoformat()}">?</b>' for start in starts)
    page = visit(f"<body>{clocks}</body>", "clock.js")
    expect(page.locator("b").last).not_to_have_text("?")
    assert page.locator("b").all_inner_texts() == [shell.duration(second) for second in seconds]


@pytest.mark.browser
def test_the_theme_is_remembered_and_follows_the_system_again(visit):
    buttons = "".join(f'<button data-theme-choice="{name}">{name}</button>' for name in ("light", "dark", "auto"))
    page = visit(f"<body>{buttons}</body>", "theme.js")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_text("light").click()
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "light")
    expect(page.get_by_text("light")).to_have_attribute("aria-pressed", "true")
    page.get_by_text("auto").click()
    expect(root).to_have_attribute("data-bs-theme", "dark")


SEARCH = '<form class="search"><input id="search"><div id="search-results"><a href="#a">Ng</a></div></form>'
KEYS = f'<body>{SEARCH}<a href="#there" data-key="c">Customers</a><dialog id="keys-help">Help</dialog></body>'


@pytest.mark.browser
def test_keys_search_go_and_help(visit):
    page = visit(KEYS, "keys.js")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("gc?/")
    expect(page.locator("#search")).to_have_value("gc?/")
    assert page.url == "http://shell.test/"
    page.keyboard.press("ArrowDown")
    expect(page.locator("#search-results a")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#search-results a")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-help")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_url("http://shell.test/#there")


LISTEN = """window.heard = [];
for (const topic of ["inbox", "looking", "incidents"]) {
  document.body.addEventListener("live:" + topic, (event) => window.heard.push([topic, event.detail]));
}"""
LIVE = (
    '<body data-live="/live" data-live-topics="inbox looking incidents">'
    '<span id="live" data-state="connecting"><i class="live-text">Connecting</i></span></body>'
)


@pytest.mark.browser
def test_a_change_reaches_the_page_and_a_lost_connection_is_made_again(visit):
    stream = ("event: inbox\ndata: 7\n\nevent: other\ndata: 1\n\n", "text/event-stream")
    answers = {"/live": stream, "/static/listen.js": (LISTEN, "text/javascript")}
    page = visit(LIVE, "listen.js", "live.js", answers=answers)
    with page.expect_request("**/live?topics=inbox,looking,incidents"):
        expect(page.locator(".live-text")).to_have_text("Reconnecting")
    page.wait_for_function("() => window.heard.length >= 6", timeout=10_000)
    # Connected, and connected again, the page catches up on what it may have missed, then hears what is new.
    heard = [["inbox", ""], ["incidents", ""], ["inbox", "7"]]
    assert page.evaluate("window.heard.slice(0, 6)") == [*heard, *heard]


CHART = (
    '<body data-zone="America/Denver"><div class="card"><a href="?range=week" data-range="week">Week</a>'
    '<div class="chart" data-src="/readings" data-label="Round trip"></div></div></body>'
)
SCRIPTS = ("vendor/uplot/dist/uPlot.iife.min.js", "plot.js", "chart.js")


def readings(*values: float | None) -> tuple[str, str]:
    """What a view answers a chart with."""
    x = [int(NOON.timestamp()) + 60 * number for number in range(len(values))]
    bands = [{"from": x[1], "to": None, "kind": "down"}] if any(values) else []
    series = [{"label": "Round trip", "unit": "ms", "values": values}]
    return json.dumps({"x": x, "series": series, "bands": bands}), "application/json"


@pytest.mark.browser
def test_a_chart_has_a_table_in_the_zone_of_the_isp(visit):
    page = visit(CHART, *SCRIPTS, answers={"/readings": readings(12.5, None, 13.25)})
    expect(page.locator(".chart canvas")).to_be_visible()
    expect(page.locator(".chart-notes")).to_have_text("Down")
    page.locator("summary").press("Enter")
    expect(page.locator(".chart-table tbody tr")).to_have_count(3)
    assert [row.split("\t") for row in page.locator(".chart-table tbody tr").all_inner_texts()] == [
        ["21 Nov 2026, 12:04", "13.25 ms"],
        ["21 Nov 2026, 12:03", "no reading"],
        ["21 Nov 2026, 12:02", "12.5 ms"],
    ]


@pytest.mark.browser
def test_an_empty_chart_says_so_and_a_range_is_asked_for(visit):
    page = visit(CHART, *SCRIPTS, answers={"/readings": readings(None, None)})
    expect(page.locator(".chart")).to_have_text("No readings in this range")
    with page.expect_request("**/readings?range=week"):
        page.get_by_text("Week").click()
    expect(page.get_by_text("Week")).to_have_attribute("aria-current", "true")


@pytest.mark.browser
def test_a_chart_of_what_was_down_all_the_time_is_drawn(visit):
    body = json.loads(readings(None, None)[0]) | {"bands": [{"from": NOON.timestamp(), "to": None, "kind": "down"}]}
    page = visit(CHART, *SCRIPTS, answers={"/readings": (json.dumps(body), "application/json")})
    expect(page.locator(".chart canvas")).to_be_visible()
    expect(page.locator(".chart-notes")).to_have_text("Down")


@pytest.mark.browser
def test_a_chart_that_gets_no_answer_says_so(visit):
    page = visit(CHART, *SCRIPTS)
    expect(page.locator(".chart")).to_have_text("The readings could not be loaded")
