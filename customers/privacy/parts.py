"""Parts of what is known of a customer. Each app declares its own, and names the list in KNOWN_OF_CUSTOMERS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.module_loading import import_string

from customers.people.models import Customer
from customers.privacy.words import Words
from customers.words import Kept
from notifications.models import Notice
from notifications.sealed import SealedField

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One kind of what is known: its rows, and how they forget who the customer was (nothing, where none can say it).

    `forget` is called in a transaction, with the words that the customer was known by; `first` at its beginning,
    before any row is locked: it waits for whoever is writing such rows.
    """

    name: str
    rows: Callable[[Customer], Iterable[Row]]
    forget: Callable[[Customer, Words], None] | None = None
    first: Callable[[], None] | None = None


@cache
def parts() -> list[Part]:
    """Every declared part; those of upper floors first, which find their rows by what the lower ones then forget."""
    return [part for path in reversed(settings.KNOWN_OF_CUSTOMERS) for part in import_string(path)]


def row_of(thing: models.Model, *, without: Sequence[str] = ()) -> Row:
    """A row by the names of its fields, what it refers to by its name; nothing sealed, and nothing kept twice."""
    left_out = (Kept, SealedField)
    fields = [one for one in thing._meta.concrete_fields if not isinstance(one, left_out) and one.name not in without]
    return {field.name: _value(thing, field) for field in fields}


def _value(thing: models.Model, field: models.Field) -> Any:
    value = getattr(thing, field.name)
    return str(value) if isinstance(value, models.Model) else value


def write(thing: models.Model, **values: Any) -> None:
    """Change a row and what it keeps to be found by; nobody is told, and nothing of before is kept."""
    for name, value in values.items():
        setattr(thing, name, value)
    kept = {field.attname: getattr(thing, field.source) for field in thing._meta.fields if isinstance(field, Kept)}
    rows: Any = type(thing)._base_manager
    rows.filter(pk=thing.pk).update(**values, **kept)


def cover(rows: Any, fields: Sequence[str], words: Words, *, parts: bool = False) -> None:
    """Cover the words in these fields of the rows, texts or JSON, wherever they stand."""
    for row in rows.only("pk", *fields).iterator(chunk_size=500):
        new = {name: _cut(row, name, words.cover_all(getattr(row, name), parts=parts)) for name in fields}
        changed = {name: value for name, value in new.items() if value != getattr(row, name)}
        if changed:
            type(row)._base_manager.filter(pk=row.pk).update(**changed)


def _cut(row: models.Model, name: str, value: Any) -> Any:
    """What stands for a short name is longer, and the column may end."""
    longest = row._meta.get_field(name).max_length  # type: ignore[union-attr]
    return value[:longest] if isinstance(value, str) else value


def naming(field: str, words: Words) -> Q:
    """The condition that a text may hold one of the words; never true without words."""
    found = Q(pk__in=[])
    for word in words.whole:
        found |= Q(**{f"{field}__icontains": word})
    return found


def notices_about(things: models.QuerySet) -> models.QuerySet[Notice]:
    """The notices about these objects."""
    kind = ContentType.objects.get_for_model(things.model)
    return Notice.objects.filter(object_type=kind, object_id__in=list(things.values_list("pk", flat=True)))
