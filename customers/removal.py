"""Putting away: what history hangs on is archived, and can be brought back; only what nothing hangs on is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import CASCADE, PROTECT, ForeignObjectRel, ProtectedError

from customers.archive import Archived
from notifications.observe import Observed


class Held(Exception):
    """History hangs on it: it can be archived, not deleted."""


@dataclass(frozen=True)
class Hanging:
    """So many of a kind hang on something; they keep it, or they go with it when it is deleted."""

    count: int
    what: str
    keeps: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.count:,}"


def hanging_on(thing: Observed) -> list[Hanging]:
    """What hangs on it, of whatever floor, where there is any; one query for each kind of row that could."""
    found = (_hanging(thing, relation) for relation in thing._meta.related_objects)
    return [hanging for hanging in found if hanging and hanging.count]


def _hanging(thing: Observed, relation: ForeignObjectRel) -> Hanging | None:
    model: Any = relation.related_model
    if relation.on_delete not in (PROTECT, CASCADE):
        return None
    count = model._base_manager.filter(**{relation.field.name: thing.pk}).count()
    return Hanging(count, str(model._meta.verbose_name_plural).capitalize(), relation.on_delete is PROTECT)


def delete(thing: Observed) -> None:
    """Delete it for good; raises Held, and changes nothing, if history hangs on it."""
    try:
        with transaction.atomic():
            thing.delete()
    except ProtectedError as held:
        raise Held from held


def archive(thing: Archived, at: datetime) -> None:
    """Put it away: lists leave it out, nothing looks at it, and its history stays."""
    thing.archived_at = at
    thing.save(update_fields=["archived_at"])


def restore(thing: Archived) -> None:
    """Bring it back."""
    thing.archived_at = None
    thing.save(update_fields=["archived_at"])
