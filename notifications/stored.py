"""What the database has of everybody's interest, as the processes keep it in mind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from notifications.index import Place, Scope

Mutes = dict[Scope, dict[int, datetime | None]]
# Among the names of channels: those that a person chose for whatever names none.
DEFAULTS = frozenset({""})


@dataclass(frozen=True, slots=True)
class Wish:
    """One subscription as the engine needs it."""

    pk: int
    event: str
    recipient: tuple[str, str]
    asked: dict[str, Any]
    off: bool = False
    tags_in: frozenset[str] = frozenset()
    tags_out: frozenset[str] = frozenset()
    channels: frozenset[str] = DEFAULTS
    involved: bool = False
    own_acts: bool = False
    escalate_after: int | None = None
    now_too: bool = False
    since: datetime | None = None


def wishes(keys: Iterable[int]) -> dict[int, Wish]:
    """What these subscriptions say, by their keys; one that is gone is not among them."""
    from notifications.models import Subscription

    return {row.pk: _wish(row) for row in Subscription.objects.filter(pk__in=list(keys))}


def _wish(row: Any) -> Wish:
    return Wish(
        row.pk,
        row.event,
        row.recipient,
        row.asked,
        off=row.off,
        tags_in=_folded(row.tags_in),
        tags_out=_folded(row.tags_out),
        channels=frozenset(row.channels) or DEFAULTS,
        involved=row.involved,
        own_acts=row.own_acts,
        escalate_after=row.escalate_after,
        now_too=row.now_too,
        since=row.created_at,
    )


def _folded(tags: Iterable[str]) -> frozenset[str]:
    return frozenset(map(str.casefold, tags))


def places() -> Iterator[Place]:
    """Where every subscription stands; read without the ORM, which takes four times as long for a million."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, event, object_type_id, object_id, off FROM notifications_subscription")
        while rows := cursor.fetchmany(10_000):
            for wish, event, kind, key, off in rows:
                yield Place(wish, event, None if key is None else (kind, key), bool(off))


def mutes() -> Mutes:
    """Who hears nothing of which object until when (None: for good)."""
    from notifications.models import Mute

    found: Mutes = defaultdict(dict)
    for type_id, object_id, user, until in Mute.objects.values_list("object_type_id", "object_id", "user", "until"):
        found[type_id, object_id][user] = until
    return dict(found)
