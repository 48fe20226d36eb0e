"""The tags that every template has, the parts that pages are made of, and the scripts of the shell."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tablericons
import time_machine
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect

from config.templatetags import shell
from outages.models import Incident
from tests.chromium import launched

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
NOON = datetime(2026, 11, 21, 19, 2, 33, tzinfo=UTC)


@pytest.fixture
def denver() -> Iterator[None]:
    """Noon in the zone of an ISP."""
    with timezone.override("America/Denver"), time_machine.travel(NOON, tick=False):
        yield


def drawn(source: str, address: str = "/", **context: object) -> str:
    """What a piece of template becomes."""
    return Template(source).render(Context({"request": RequestFactory().get(address), **context}))


def plain(html: str) -> str:
    """Only the words."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# States


@pytest.mark.parametrize("state", shell.STATES)
def test_every_state_has_an_icon_and_words(state: str):
    html = shell.state_badge(state)
    assert "<svg" in html
    assert plain(html) == state.capitalize()


def test_a_choice_shows_its_label():
    assert plain(shell.state_badge(Incident.State.NEW)) == Incident.State.NEW.label


def test_an_unheard_of_state_shows_its_own_name():
    assert plain(drawn("{% state 'half_open' %}")) == "Half open"


def test_no_state_is_unknown():
    assert plain(drawn("{{ nothing|state_badge }}", nothing=None)) == "Unknown"


def test_a_state_is_escaped():
    assert "<b>" not in shell.state_badge("<b>")


# Times


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (7500, "2 h 05 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 0 h"),
        (356400, "4 d 3 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str):
    assert drawn("{{ seconds|span }}", seconds=seconds) == words


def test_no_duration_is_nothing():
    assert drawn("{{ seconds|span }}", seconds=None) == ""


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(0), "12:02 · now"),
        (timedelta(seconds=40), "12:01 · 40 s ago"),
        (timedelta(minutes=3), "11:59 · 3 min ago"),
        (timedelta(hours=13), "Fri 20 Nov 23:02 · 13 h ago"),
        (timedelta(days=400), "17 Oct 2025 13:02 · 400 d ago"),
        (timedelta(minutes=-9), "12:11 · in 9 min"),
    ],
)
def test_a_moment_is_told_in_the_zone_of_the_isp(denver: None, before: timedelta, words: str):
    assert plain(drawn("{{ when|moment }}", when=NOON - before)) == words


def test_a_moment_carries_the_whole_time(denver: None):
    html = drawn("{{ when|moment }}", when=NOON)
    assert 'datetime="2026-11-21T19:02:33+00:00"' in html
    assert 'title="Saturday 21 November 2026, 12:02:33 MST"' in html


def test_the_distance_alone_can_be_had(denver: None):
    assert plain(drawn("{{ when|ago }}", when=NOON - timedelta(days=2))) == "2 d ago"


def test_what_never_was_is_nothing():
    assert drawn("{{ when|moment }}{{ when|ago }}{{ when|lasted }}", when=None) == ""


def test_what_is_over_has_lasted(denver: None):
    assert drawn("{{ start|lasted:end }}", start=NOON - timedelta(hours=2), end=NOON) == "2 h 00 min"


def test_what_is_not_over_has_a_running_clock(denver: None):
    html = drawn("{{ start|lasted:end }}", start=NOON - timedelta(minutes=5), end=None)
    assert html == '<span class="clock" data-since="2026-11-21T18:57:33+00:00">5 min</span>'


# Lists


def test_a_column_sorts_and_keeps_the_filters():
    html = drawn("{% sort_header 'name' 'Name' %}", "/customers?q=a%26b&page=3")
    assert 'href="?q=a%26b&amp;sort=name"' in html
    assert 'aria-sort="none"' in html


@pytest.mark.parametrize(("now", "then", "order"), [("name", "-name", "ascending"), ("-name", "name", "descending")])
def test_a_sorted_column_turns_round(now: str, then: str, order: str):
    html = drawn("{% sort_header 'name' 'Name' 'num' %}", f"/customers?sort={now}")
    assert f'href="?sort={then}"' in html
    assert f'aria-sort="{order}" class="sortable num"' in html


def test_the_order_a_list_has_by_itself_is_shown():
    assert 'aria-sort="descending"' in drawn("{% sort_header 'seen' 'Seen' %}", sort="-seen")


def page_of(count: int, number: int, address: str = "/customers") -> str:
    """The rows of a list."""
    paginator = Paginator(range(count), 50)
    request = RequestFactory().get(address)
    return render_to_string("parts/rows.html", {"page_obj": paginator.get_page(number)}, request)


def test_a_long_list_says_where_one_is_and_keeps_the_filters(db: None):
    html = page_of(10_000, 3, "/customers?q=a")
    assert "101-150 of 10,000" in plain(html)
    assert 'href="?q=a&amp;page=4" rel="next"' in html
    assert 'aria-current="page" aria-label="Page 3"' in html


def test_one_page_needs_no_pages(db: None):
    assert "1-1 of 1" in plain(page_of(1, 1))
    assert "<nav" not in page_of(1, 1)


def test_an_empty_list_says_so(db: None):
    html = page_of(0, 1)
    assert "<table" not in html
    assert "Nothing found" in html


# Forms


class Visit(forms.Form):
    """A form with one field of each kind."""

    fieldsets = (("How", ["roads", "urgent"]), ("Gone", ["gone"]))
    name = forms.CharField(help_text="As it stands on the bill.")
    site = forms.ChoiceField(choices=[("a", "North ridge")])
    roads = forms.MultipleChoiceField(choices=[("e", "E-mail")], widget=forms.CheckboxSelectMultiple, help_text="All.")
    urgent = forms.BooleanField(required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False)


def form(**data: str | list[str]) -> str:
    """The form, sent with this."""
    return render_to_string("parts/form.html", {"form": Visit(data or None)})


def test_fields_stand_under_the_legends_of_their_fieldsets():
    groups = [(legend, [field.name for field in fields]) for legend, fields in shell.form_groups(Visit())]
    assert groups == [("", ["name", "site"]), ("How", ["roads", "urgent"])]


def test_every_field_is_drawn_once_with_a_label():
    html = form()
    assert [html.count(f'name="{name}"') for name in Visit.base_fields] == [1] * 5
    for words in ("Name", "Site", "Roads", "E-mail", "Urgent"):
        assert words in plain(html)
    assert 'class="form-select"' in html
    assert html.count("form-check-input") == 2


def test_an_error_is_tied_to_its_field_and_linked_from_the_top():
    html = form(name="", site="a", roads=["e"])
    assert '<a href="#id_name">Name: This field is required.</a>' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext"' in html and 'id="id_name_error"' in html
    assert "One thing has to be put right" in plain(html)


def test_an_error_of_a_group_leads_to_the_group():
    html = form(name="Ng", site="a")
    assert '<a href="#id_roads">' in html
    assert re.search(
        r'<fieldset class="field" id="id_roads"\s+aria-describedby="id_roads_helptext id_roads_error"', html
    )


def test_what_was_typed_is_kept():
    assert 'value="O&#x27;Hara &amp; sons"' in form(name="O'Hara & sons")


# Small parts


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Bo Lindqvist", "BL"), ("Ana de la Cruz", "AC"), ("Ng", "N"), ("", "?"), ("bo.lindqvist@example.net", "BL")],
)
def test_initials_are_those_of_the_first_and_the_last_word(name: str, letters: str):
    assert shell.initials(name) == letters


def test_facts_without_a_value_are_left_out():
    html = render_to_string("parts/facts.html", {"facts": [("MAC", "AA"), ("Model", ""), ("Port", None), ("Hops", 0)]})
    assert plain(html) == "MAC AA Hops 0"


def test_a_hundred_notices_are_ninety_nine_and_more():
    html = render_to_string("parts/bell.html", {"unread": 100})
    assert "99+" in html


def test_no_alarm_leaves_no_room():
    assert render_to_string("parts/alarms.html", {"alarms": []}).strip() == ""
    assert "We are not listening" in render_to_string("parts/alarms.html", {"alarms": ["We are not listening."]})


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_the_last_pages_need_nothing(name: str):
    assert "Towerwatch" in get_template(name).render()


# All templates


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_compiles_and_keeps_to_the_content_security_policy(path: Path):
    get_template(str(path.relative_to(settings.BASE_DIR / "templates")))
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_every_icon_that_templates_name_exists():
    text = "".join(path.read_text() for path in TEMPLATES)
    names = set(re.findall(r"""{% icon ["']([\w-]+)["']""", text) + re.findall(r'picture="([\w-]+)"', text))
    for name in names | {picture for _, picture in shell.STATES.values()}:
        tablericons._load_icon(f"outline/{name}")


def test_an_unknown_icon_does_not_fail_the_page():
    assert "<svg" in shell.icon("no-such-icon")


# The scripts, in a browser that gets them without a server


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
