"""Inserting many rows by one statement: for a notice to a hundred people bulk_create takes as long as all the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models

# SQLite takes 32,766 values in a statement (sqlite.org/limits.html), PostgreSQL twice as many.
MOST_VALUES = 30_000
# What the database takes as it is, in a column of texts, numbers or keys.
PLAIN = (int, str, type(None))


def insert(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]], key: str = ""
) -> list[tuple[Any, int]]:
    """Write rows, given by these attributes, the others by default; one that is there already stays as it is.

    The value of the column `key` and the pk of each that was new; without a key nothing.
    """
    fields: Any = [field for field in model._meta.concrete_fields if not field.primary_key]
    of_rows = [(names.index(one.attname), one) for one in fields if one.attname in names]
    same = [one for one in fields if one.attname not in names]
    default = [one.get_db_prep_save(one.get_default(), connection) for one in same]
    columns = ", ".join(connection.ops.quote_name(one.column) for one in [*(one for _, one in of_rows), *same])
    places = f"({', '.join(['%s'] * len(fields))})"
    new: list[tuple[Any, int]] = []
    prepared = [(place, _prepared(field)) for place, field in of_rows]
    for start in range(0, len(rows), most := MOST_VALUES // len(fields)):
        portion = rows[start : start + most]
        values: list[Any] = []
        for row in portion:
            values += [prepare(row[place]) for place, prepare in prepared]
            values += default
        with connection.cursor() as cursor:
            cursor.execute(
                # Names of our own columns, and no value.
                f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({columns}) "  # noqa: S608
                f"VALUES {', '.join([places] * len(portion))} ON CONFLICT DO NOTHING"
                + (f" RETURNING {connection.ops.quote_name(key)}, id" if key else ""),
                values,
            )
            if key:
                new += cursor.fetchall()
    return new


def _prepared(field: Any) -> Callable[[Any], Any]:
    """What the database is given for a value of this field. Most rows have the same: it is made once for each value."""
    made: dict[Any, Any] = {}
    is_plain = isinstance(field, (models.CharField, models.IntegerField, models.ForeignKey))

    def prepare(value: Any) -> Any:
        kind = value.__class__
        if is_plain and kind in PLAIN:
            return value
        # 1, 1.0 and True are one key, and not one value.
        key = (kind, value if value.__hash__ else id(value))
        if key not in made:
            made[key] = field.get_db_prep_save(value, connection)
        return made[key]

    return prepare
