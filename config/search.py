"""Searching: every app that has something to find names its providers in the setting SEARCH."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)

Provider = Callable[[str, int, Any], list[Any]]


def find(text: str, limit: int, user: Any) -> list[Any]:
    """At most `limit` things of each provider; one that fails is logged, and the others still answer."""
    found: list[Any] = []
    for provider in providers():
        try:
            found += provider(text, limit, user)
        except Exception:
            log.exception("searching: %s failed", provider)
    return found


def providers() -> Iterator[Provider]:
    """Every provider, in the order of the setting."""
    for path in settings.SEARCH:
        try:
            yield from import_string(path)
        except ImportError:
            log.exception("searching: %s cannot be loaded", path)
