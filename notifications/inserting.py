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
    places = {name: place for place, name in enumerate(names)}
    quoted = connection.ops.quote_name
    into = f"INSERT INTO {quoted(model._meta.db_table)} ({', '.join(quoted(field.column) for field in fields)})"
    returning = f" RETURNING {quoted(key)}, id" if key else ""
    new: list[tuple[Any, int]] = []
    for start in range(0, len(rows), most := MOST_VALUES // len(fields)):
        portion = rows[start : start + most]
        columns = [
            _prepared(field, [row[places[field.attname]] for row in portion])
            if field.attname in places
            else [field.get_db_prep_save(field.get_default(), connection)] * len(portion)
            for field in fields
        ]
        source, values = _source(fields, columns)
        with connection.cursor() as cursor:
            # Names of our own columns, and no value.
            cursor.execute(f"{into} {source} ON CONFLICT DO NOTHING{returning}", values)
            if key:
                new += cursor.fetchall()
    return new


def _source(fields: Sequence[Any], columns: list[list[Any]]) -> tuple[str, list[Any]]:
    """The rows as a part of the statement, and its parameters.

    PostgreSQL is given a list for each column (unnest, PostgreSQL 15, 9.19): of thousands of single values it and its
    driver take several times as long to read the statement as to do it.
    """
    if connection.vendor == "postgresql":
        lists = ", ".join(f"(%s)::{field.db_type(connection)}[]" for field in fields)
        return f"SELECT * FROM unnest({lists})", list(columns)  # noqa: S608
    row = f"({', '.join(['%s'] * len(fields))})"
    rows = list(zip(*columns, strict=True))
    return f"VALUES {', '.join([row] * len(rows))}", [value for one in rows for value in one]


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
