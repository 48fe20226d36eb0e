"""The browser of the machine, for the tests that look at pages as people do."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# What it would otherwise ask of the outside by itself.
QUIET = ("quic", "background-networking", "component-update", "sync")
ARGUMENTS = ["--no-sandbox", "--no-first-run", "--disable-gpu", *(f"--disable-{what}" for what in QUIET)]


def path() -> str | None:
    """Where it is, or None; the variable CHROMIUM names another one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser for as long as the block; Playwright keeps an event loop in this thread for as long as that."""
    if path() is None:
        pytest.skip("no Chromium is installed here; on Debian: apt-get install chromium")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path(), args=ARGUMENTS)
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
