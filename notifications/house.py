"""Whose house this is: the name and the time zone that staff set, for what leaves it."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

PRODUCT = "Towerwatch"
# Days for which notices are kept at least, whatever is set.
LEAST_KEPT = 7


def name() -> str:
    """The ISP's name; the product's where it has none yet."""
    return str(_options().isp_name) or PRODUCT


def zone() -> zoneinfo.ZoneInfo:
    """The zone in which times are told."""
    return zoneinfo.ZoneInfo(_options().time_zone)


def notices_kept() -> timedelta:
    """How long notices and their deliveries are kept."""
    return timedelta(days=max(LEAST_KEPT, int(_options().notices_kept_days)))


def url(path: str) -> str:
    """The full address of one of our pages."""
    return path if "://" in path else settings.PUBLIC_URL + path


def host() -> str:
    """The name of the host at which people find us."""
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def _options() -> Any:
    return import_string(settings.HOUSE)()
