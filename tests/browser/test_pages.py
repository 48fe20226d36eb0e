"""Every page of the site, on a desktop and a phone, light and dark."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext

from tests.browser import addresses
from tests.browser.conftest import Visitors
from tests.browser.examined import SIZES, faults
from tests.browser.served import InHand, Server
from tests.browser.world import World, build


@pytest.fixture(scope="module")
def transactional_db(server: Server) -> Iterator[None]:
    """In place of the fixture of that name: emptied after all tests of this file, which only look."""
    yield
    InHand.wait()
    call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def world(transactional_db: None) -> World:
    """An ISP to look at."""
    return build()


@pytest.fixture(scope="module")
def windows(chromium: Browser, server: Server, world: World) -> Iterator[dict[tuple[str, str], BrowserContext]]:
    """A window of each size, of an administrator and of a stranger."""
    visitors = Visitors(chromium, server)
    people = {"administrator": world.administrator, "technician": world.technician, "stranger": None}
    with visitors.opened:
        yield {(who, size): visitors.context(user, size) for who, user in people.items() for size in SIZES}


def looked_at(window: BrowserContext, address: str, status: int = 200) -> list[str]:
    """What is wrong with a page."""
    page = window.new_page()
    found = [f"{address}: {fault}" for fault in faults(page, address, status)]
    page.close()
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", addresses.NAMES)
def test_a_page_is_sound(name: str, size: str, world: World, windows: Any):
    window = windows["stranger" if name in addresses.AT_THE_DOOR else "administrator", size]
    found = [fault for address in addresses.of(name, world.samples) for fault in looked_at(window, address)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", sorted(addresses.CLOSED))
def test_a_page_that_this_house_does_not_have_is_closed(name: str, windows: Any):
    found = looked_at(windows["administrator", "desktop"], reverse(name, kwargs=addresses.KEYS.get(name)), 404)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("who", "address", "status"), [("technician", "/settings/", 403), ("stranger", "/nowhere/", 404)]
)
def test_a_page_that_is_refused_is_sound(who: str, address: str, status: int, size: str, windows: Any):
    found = looked_at(windows[who, size], address, status)
    assert not found, "\n".join(found)
