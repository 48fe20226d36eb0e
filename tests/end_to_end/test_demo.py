"""The demo as somebody sees it who follows the link on the console: a tower fails, and that is one incident."""

import os
import re
import signal
from html import unescape

import pytest

from agents.simulated import network as isp
from agents.simulated.failures import cast
from customers.models import Equipment
from notifications.models import Notice
from outages.models import Check, Incident, Outage, Sweep
from tests.end_to_end.installation import Installation, until

pytestmark = pytest.mark.processes


def words(page: str) -> str:
    """What there is to read on a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_a_backhaul_that_fails_in_the_demo_is_one_incident_with_its_customers_and_one_notice(desk: Installation):
    browser = desk.browser()
    browser.get(desk.start("--demo"))
    invented = isp.build()
    answering = len(invented.devices) - len(invented.never_online)
    until(lambda: desk.rows(Check).filter(state="up").count() == answering, f"{answering} devices that answer", 30)

    backhaul = cast(invented).backhaul
    browser.send("/demo/", "/demo/play/", scenario="backhaul")
    behind = invented.customers_below(backhaul.name)
    hurt = [customer for customer in behind if "suspended" not in customer.tags and not customer.never_online]
    title = f"{backhaul.name} is down: {len(hurt)} customers"
    dark = [d for d in (backhaul, *invented.below(backhaul.name)) if d.name not in invented.never_online]
    until(lambda: desk.rows(Outage).filter(ended_at=None).count() == len(dark), f"{len(dark)} outages", 40)
    until(lambda: title in words(browser.get("/inbox/")), "notice", 10)

    incident = desk.rows(Incident).get()
    assert (incident.title, incident.outages.count()) == (title, len(dark))
    assert f'href="{incident.get_absolute_url()}"' in browser.get("/")
    assert f"1 open incident {len(hurt)} customers out" in words(browser.get("/"))
    assert set(desk.rows(Notice).filter(event__startswith="incident.").values_list("text", flat=True)) == {title}
    assert browser.get("/inbox/").count(f'<span class="notice-text">{title}</span>') == 1


def test_the_invented_network_runs_again_when_it_is_killed_and_no_incident_comes_of_it(desk: Installation):
    desk.start("--demo")
    up = desk.rows(Equipment).filter(state="up")
    until(lambda: up.count() > 100, "devices that answer", 30)
    victim = next(pid for pid, name in desk.census().items() if name == "invented network")
    os.kill(victim, signal.SIGKILL)
    until(lambda: desk.said().count("demo network is ready") == 2, "second network")
    assert list(desk.census().values()).count("invented network") == 1
    sweeps = desk.rows(Sweep)
    before = sweeps.count()
    until(lambda: sweeps.count() > before + 2, "sweeps after that", 20)
    assert not desk.rows(Outage).exists()
