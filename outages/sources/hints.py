"""A hint from UISP's CRM that something has changed: worth a look, and nothing else. What it says is not believed.

CRM's webhooks are not signed, are sent more than once and in any order (CRM API v1.0, webhooks).
"""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from outages.sources import actions
from outages.sources.models import Source
from outages.sources.polling import ask_soon

LARGEST = 64 * 1024
EVERY = timedelta(seconds=10)
REMEMBERED = 100
LONGEST_ID = 64


class NotAHint(ValueError):
    """It is no JSON object."""


def take(source: Source, body: bytes) -> bool:
    """Look soon, once for each hint and at most every few seconds; whether we do. Raises NotAHint."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAHint from None
    if not isinstance(said, dict):
        raise NotAHint
    name = str(said.get("uuid") or "")[:LONGEST_ID]
    if not source.on or source.accepted_at is None or (name and name in source.hints):
        return False
    return _follow(source, name)


def _follow(source: Source, name: str) -> bool:
    now = timezone.now()
    with transaction.atomic():
        quiet = Source.objects.quietly().filter(Q(hinted_at=None) | Q(hinted_at__lt=now - EVERY), pk=source.pk)
        hints = [*source.hints, *([name] if name else [])][-REMEMBERED:]
        if not quiet.update(hinted_at=now, hints=hints):
            return False
        ask_soon(source)
        actions.synchronise(source)
    return True
