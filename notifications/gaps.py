"""Gaps in the numbers of rows: on PostgreSQL a row may be committed after one with a higher number."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection


def missing(there: Collection[int], last: int, newest: int, most: int) -> set[int]:
    """The numbers after `last` and before `newest` that are not there, and may still come; of the newest `most`.

    SQLite has one writer at a time: there they come in their order.
    """
    if connection.vendor != "postgresql":
        return set()
    return {number for number in range(max(last + 1, newest - most), newest) if number not in there}
