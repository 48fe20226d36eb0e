"""Ways of looking: the probes that the setting PROBES names."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from agents.probes.readings import Probe, ProbeError


@cache
def probe(name: str) -> Probe:
    """The probe of this name; raises ProbeError for one that is not in the setting."""
    if name not in settings.PROBES:
        raise ProbeError(f"there is no way of looking named {name!r}")
    found: Probe = import_string(settings.PROBES[name])()
    return found


def choices() -> list[tuple[str, str]]:
    """(name, label) of every probe that asks an address, for forms."""
    return [(name, probe(name).label) for name in settings.PROBES if name not in of_sources()]


def of_sources() -> frozenset[str]:
    """The probes that ask a source for all their targets at once, whatever addresses these have."""
    return frozenset(name for name in settings.PROBES if getattr(probe(name), "of_source", False))


def tries(interval: float) -> int:
    """How often a silent target is asked before its reading is bad: once where it is asked again so soon anyway."""
    return 1 if interval < 2 else 3


def reading_seconds(name: str, interval: float) -> float:
    """The longest that one reading takes, in seconds: that of a target which is silent in every try.

    A source says at once of all its targets how they are, so that theirs take no time of their own.
    """
    return 0.0 if name in of_sources() else tries(interval) * probe(name).try_seconds
