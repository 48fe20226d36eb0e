"""Inserting many rows by one statement: for a notice to a hundred people bulk_create takes as long as all the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

# SQLite takes 32,766 values in a statement (sqlite.org/limits.html), PostgreSQL twice as many.
MOST_VALUES = 30_000
# What the database takes as it is, in a column of texts, numbers or keys.
PLAIN = {int, str, type(None)}


def insert(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]], key: str = ""
) -> list[tuple[Any, int]]:
    """Write rows, given by these attributes, the others by default; one that is there already stays as it is.

    The value of the column `key` and the pk of each that was new; without a key nothing.
    """
    fields: Any = [field for field in model._meta.concrete_fields if not field.primary_key]
    given = [(names.index(one.attname), one) for one in fields if one.attname in names]
    same = [one for one in fields if one.attname not in names]
    defaults = [one.get_db_prep_save(one.get_default(), connection) for one in same]
    columns = ", ".join(connection.ops.quote_name(one.column) for one in [*(one for _, one in given), *same])
    places = f"({', '.join(['%s'] * len(fields))})"
    new: list[tuple[Any, int]] = []
    for start in range(0, len(rows), most := MOST_VALUES // len(fields)):
        portion = rows[start : start + most]
        prepared = [_prepared(field, [row[place] for row in portion]) for place, field in given]
        with connection.cursor() as cursor:
            cursor.execute(
                # Names of our own columns, and no value.
                f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({columns}) "  # noqa: S608
                f"VALUES {', '.join([places] * len(portion))} ON CONFLICT DO NOTHING"
                + (f" RETURNING {connection.ops.quote_name(key)}, id" if key else ""),
                [value for row in zip(*prepared, strict=True) for value in (*row, *defaults)],
            )
            if key:
                new += cursor.fetchall()
    return new


def _prepared(field: Any, values: list[Any]) -> list[Any]:
    """What the database is given for these values of a field. Most rows have the same: it is made once for each."""
    if isinstance(field, (models.CharField, models.IntegerField, models.ForeignKey)) and PLAIN.issuperset(
        map(type, values)
    ):
        return values
    # 1, 1.0 and True are one key, and not one value; what has no hash is known by where it is.
    keys = [(value.__class__, value if value.__hash__ else id(value)) for value in values]
    made = {
        key: field.get_db_prep_save(value, connection) for key, value in dict(zip(keys, values, strict=True)).items()
    }
    return [made[key] for key in keys]
