"""The few files of node_modules that pages load, served under `vendor/`."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage

PREFIX = "vendor"
# The manifest storage follows the name of a source map inside a file, so the maps are served too.
FILES = (
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/css/tabler.min.css.map",
    "@tabler/core/dist/js/tabler.min.js",
    "@tabler/core/dist/js/tabler.min.js.map",
    "uplot/dist/uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css",
)
# What no page loads, and reports in PDF are set in.
FONTS = ("dejavu-fonts-ttf/ttf/DejaVuSans.ttf", "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf")


class NpmFinder(BaseFinder):
    """Finds the allowed files, and nothing else, in node_modules."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.BASE_DIR / "node_modules")
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """One error that names what is missing and how to get it."""
        missing = [name for name in (*FILES, *FONTS) if not self.storage.exists(name)]
        if not missing:
            return []
        return [Error(f"Missing in node_modules: {', '.join(missing)}", hint="Run npm ci.", id="towerwatch.E001")]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The place of one file; a list of places if asked for all."""
        name = path.removeprefix(f"{PREFIX}/")
        found = path != name and name in FILES and self.storage.exists(name)
        places = [self.storage.path(name)] if found else []
        return places if find_all else next(iter(places), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        """Every allowed file that is there."""
        for name in FILES:
            if self.storage.exists(name) and not any(fnmatch(name, pattern) for pattern in ignore_patterns or ()):
                yield name, self.storage
