"""A UISP is connected, looked at, and accepted; its customers are here then, and UISP never hears of a change."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings
from django_q.models import OrmQ
from playwright.sync_api import expect

from agents.simulated.process import Running, running
from agents.simulated.uisp import DEMO_CRM, DEMO_NMS
from customers.models import Customer, Equipment, Site
from outages.models import Check, Source
from outages.sources import jobs

CUSTOMERS = 900


@pytest.fixture(scope="module")
def isp() -> Iterator[Running]:
    """An ISP of 900 customers, as a UISP shows it."""
    with running(customers=CUSTOMERS, uisp=True, odd=True) as network, override_settings(LOOPBACK=True):
        yield network


@pytest.fixture
def work(visitors: Any) -> Callable[[], None]:
    """Does what waits in the queue, in a thread of its own as a cluster would."""

    def do() -> None:
        names = {"look": jobs.look, "sync_one": jobs.sync_one}
        deadline = time.monotonic() + 20
        while not OrmQ.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        for task in OrmQ.objects.all():
            names[task.func().rpartition(".")[2]](*task.task["args"])
            task.delete()

    return do


def test_a_uisp_is_connected_looked_at_and_accepted(desk: Any, isp: Running, work: Callable[[], None]):
    page = desk("engineer")
    page.goto("/sources/")
    page.get_by_role("link", name="Connect a UISP").click()
    page.get_by_label("Name", exact=True).fill("Our UISP")
    page.get_by_role("textbox", name="Address").fill(isp.uisp)
    page.get_by_label("NMS key").fill("a wrong one")
    page.get_by_label("CRM key").fill(DEMO_CRM)
    page.get_by_role("button", name="Connect, and look").click()
    expect(page.locator(".form-errors")).to_contain_text("the key is not accepted")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Our UISP")
    expect(page.get_by_label("CRM key")).to_have_value("")
    page.get_by_label("NMS key").fill(DEMO_NMS)
    page.get_by_label("CRM key").fill(DEMO_CRM)
    page.get_by_role("button", name="Connect, and look").click()
    expect(page.locator("#preview")).to_contain_text("Waiting to begin")
    work()
    expect(page.locator(".figure", has_text="customers")).to_contain_text("901")
    expect(page.get_by_text("None of the devices has an address that could be pinged from here")).to_be_visible()
    expect(page.get_by_role("region", name="Rows that cannot be read")).to_be_visible()
    assert not (Customer.objects.exists() or Equipment.objects.exists() or Site.objects.exists())
    page.get_by_role("button", name="Accept, and import").click()
    work()
    expect(page.get_by_role("region", name="What the last synchronisation did")).to_contain_text("901")
    assert Customer.objects.count() == CUSTOMERS + 1 and Check.objects.filter(probe="uisp").count() > CUSTOMERS
    assert Source.objects.get().accepted_by == page.user
    page.goto("/customers/?q=10005")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
