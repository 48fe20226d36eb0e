"""What is looked at on every page, whatever it is about."""

from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
AXE = Axe()
RUN_AXE = """(rules) => axe.run(document, {preload: false, ...rules}).then(({violations}) =>
  violations.map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`))"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
CONTRAST_ALONE = {"runOnly": ["color-contrast"]}
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll("main *, header *")].filter(
    (each) => each.getBoundingClientRect().right > width + 1 && !each.closest(".table-wrap"));
  return [`wider than the screen: ${wide.slice(0, 3).map((each) => each.outerHTML.slice(0, 120)).join(" | ")}`];
}"""
# What a thumb presses: the area that reacts counts, not what is painted. Links within a text may be as small as it.
TOO_SMALL = """() => {
  const pressed = "button, summary, select, input:not([type=hidden], [type=checkbox], [type=radio]), textarea, .btn, " +
    "nav a, header a, thead a, .figure, .page-actions a, .card-header a";
  const edge = (each, x, y, dx, dy) => {
    let steps = 0;
    while (steps < 22 && each.contains(document.elementFromPoint(x + dx * (steps + 1), y + dy * (steps + 1)))) steps++;
    return steps;
  };
  const small = (each) => {
    const seen = each.getBoundingClientRect();
    if (seen.width < 2 || seen.height < 2 || (seen.height >= 43.5 && seen.width >= 43.5)) return false;
    each.scrollIntoView({block: "center", inline: "center"});
    const {left, top, width, height} = each.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    if (!each.contains(document.elementFromPoint(x, y))) return false;
    const [high, wide] = [[0, 1], [1, 0]].map(([dx, dy]) => edge(each, x, y, dx, dy) + edge(each, x, y, -dx, -dy));
    return high < 42 || wide < 30;
  };
  return [...document.querySelectorAll(pressed)].filter((each) => each.checkVisibility() && small(each)).slice(0, 5)
    .map((each) => `too small for a thumb: ${each.outerHTML.replace(/\\s+/g, " ").slice(0, 160)}`);
}"""


class Listener:
    """Hears what a page complains of: its console, its scripts, and what it asked for and did not get."""

    def __init__(self, page: Page) -> None:
        self.heard: list[str] = []
        page.on(
            "console", lambda said: said.type in ("error", "warning") and self.heard.append(f"console: {said.text}")
        )
        page.on("pageerror", lambda error: self.heard.append(f"script: {error}"))


def faults(page: Page, address: str, status: int = 200) -> Iterator[str]:
    """Everything that is wrong with the page at an address, in light and in dark."""
    listener = Listener(page)
    page.emulate_media(color_scheme="light")
    answer = page.goto(address)
    yield from settled(page)
    if answer is None or answer.status != status:
        yield f"status {answer and answer.status}"
    if page.locator("h1").count() != 1 or not page.locator("h1").inner_text().strip():
        yield "not one heading"
    yield from page.evaluate(TOO_WIDE)
    page.evaluate(AXE.axe_script)
    yield from page.evaluate(RUN_AXE, {})
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.evaluate(PAINTED)
    yield from (f"dark: {fault}" for fault in page.evaluate(RUN_AXE, CONTRAST_ALONE))
    if page.viewport_size == SIZES["phone"]:
        yield from page.evaluate(TOO_SMALL)
    yield from (said for said in listener.heard if status == 200 or f"status of {status}" not in said)


def settled(page: Page) -> Iterator[str]:
    """Wait until the page is live and its charts are drawn."""
    live = page.locator("#live")
    if live.count():
        expect(live).to_have_attribute("data-state", "live")
    for chart in page.locator(".chart[data-src]").all():
        expect(chart.locator("canvas, .chart-empty").first).to_be_attached()
    if page.get_by_text("could not be loaded").count():
        yield "a chart was not loaded"
