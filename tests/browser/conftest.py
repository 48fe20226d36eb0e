"""A browser and the application, one of each for all tests of this folder; a desk that somebody has signed in to."""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import make
from tests.browser.examined import SIZES
from tests.browser.served import InHand, Server
from tests.chromium import launched

HERE = "tests/browser/"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if item.nodeid.startswith(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    expect.set_options(timeout=10_000)
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def server(chromium: Browser, django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    """The application on the test database; its threads use that between tests, too."""
    with django_db_blocker.unblock():
        with Server() as running:
            yield running
        # Playwright's event loop gave this thread a connection of its own, and ended threads may still hold theirs.
        connections.close_all()
        gc.collect()


class Visitors:
    """Opens the browser for people: each has cookies of their own."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser, self.server = browser, server
        self.opened = ExitStack()

    def context(self, user: Any = None, size: str = "desktop") -> BrowserContext:
        """A window of this size; `user` has signed in."""
        context = self.browser.new_context(
            base_url=self.server.url, viewport=SIZES[size], reduced_motion="reduce", has_touch=size == "phone"
        )
        self.opened.callback(context.close)
        context.set_default_timeout(10_000)
        if user:
            client = Client()
            client.force_login(user, backend=BACKEND)
            key = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": self.server.url}])
        return context


@pytest.fixture
def visitors(chromium: Browser, server: Server, transactional_db: None) -> Iterator[Visitors]:
    """An empty installation, and windows to look at it."""
    cache.clear()
    visiting = Visitors(chromium, server)
    with visiting.opened:
        yield visiting
    # What is still answered would write into tables that are being emptied.
    InHand.wait()


@pytest.fixture
def desk(visitors: Visitors) -> Callable[..., Page]:
    """Opens the desk of somebody of this role: desk("office", "phone"); `page.user` is who it is."""

    def open_desk(role: str = "administrator", size: str = "desktop", **fields: Any) -> Page:
        user = make.user(role, **fields)
        page = visitors.context(user, size).new_page()
        page.user = user
        return page

    return open_desk
