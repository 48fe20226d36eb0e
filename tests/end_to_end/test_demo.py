"""The demo as somebody sees it who follows the link on the console: a tower fails, and that is one incident."""

import os
import re
import signal
from html import unescape

import pytest

from agents.simulated import network as isp
from agents.simulated.failures import cast
from bench.namespaces import Network
from customers.models import Equipment
from notifications.models import Notice
from outages.models import Check, Incident, Outage, Sweep
from tests.end_to_end.installation import Installation, until

pytestmark = [pytest.mark.processes, pytest.mark.root]


def words(page: str) -> str:
    """What there is to read on a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.fixture
def demo(install, net: Network) -> Installation:
    """The demo in a namespace: its devices have fixed ports, which another demo on this machine may use."""
    return install(net)


def test_a_backhaul_that_fails_in_the_demo_is_one_incident_with_its_customers_and_one_notice(demo: Installation):
    browser = demo.browser()
    browser.get(demo.start("--demo"))
    invented = isp.build()
    answering = len(invented.devices) - len(invented.never_online)
    until(lambda: demo.rows(Check).filter(state="up").count() == answering, f"{answering} devices that answer", 30)

    backhaul = cast(invented).backhaul
    browser.send("/demo/", "/demo/play/", scenario="backhaul")
    hurt = [customer for customer in invented.customers_below(backhaul.name) if "suspended" not in customer.tags]
    title = f"{backhaul.name} is down: {len(hurt)} customers"
    dark = [d for d in (backhaul, *invented.below(backhaul.name)) if d.name not in invented.never_online]
    until(lambda: demo.rows(Outage).filter(ended_at=None).count() == len(dark), f"{len(dark)} outages", 40)
    until(lambda: title in words(browser.get("/inbox/")), "notice", 10)

    incident = demo.rows(Incident).get()
    assert (incident.title, incident.outages.count()) == (title, len(dark))
    assert f'href="{incident.get_absolute_url()}"' in browser.get("/")
    out = sum(not customer.never_online for customer in hurt)
    assert f"1 open incident {out} customers out" in words(browser.get("/"))
    assert set(demo.rows(Notice).values_list("text", flat=True)) == {title}
    assert words(browser.get("/inbox/")).count(title) == 1


def test_the_invented_network_runs_again_when_it_is_killed_and_no_incident_comes_of_it(demo: Installation):
    demo.start("--demo")
    up = demo.rows(Equipment).filter(state="up")
    until(lambda: up.count() > 100, "devices that answer", 30)
    victim = next(pid for pid, name in demo.census().items() if name == "invented network")
    os.kill(victim, signal.SIGKILL)
    until(lambda: demo.said().count("demo network is ready") == 2, "second network")
    assert list(demo.census().values()).count("invented network") == 1
    sweeps = demo.rows(Sweep)
    before = sweeps.count()
    until(lambda: sweeps.count() > before + 2, "sweeps after that", 20)
    assert not demo.rows(Outage).exists()
