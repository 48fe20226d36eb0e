"""Jobs of sources: they fetch and call."""

from __future__ import annotations

from outages.sources import actions, preview
from outages.sources import sync as synchronising
from outages.sources.models import Source


def look(pk: int) -> None:
    """See what would come of a source."""
    for source in Source.objects.filter(pk=pk):
        preview.look(source)


def sync() -> None:
    """Synchronise with every source that is followed: each by a task of its own."""
    for source in Source.objects.asked():
        actions.synchronise(source)


def sync_one(pk: int) -> None:
    """Synchronise with one source, and once more if somebody asked for it meanwhile."""
    for source in Source.objects.asked().filter(pk=pk):
        if synchronising.sync(source) and Source.objects.asked_again().filter(pk=pk).exists():
            actions.synchronise(source)
