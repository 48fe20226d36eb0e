"""Lists as CSV, written while they are sent: however long they are, only a few rows are in memory."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.http import QueryDict

from customers.imports.kinds import CONTACTS, Sort, cells_of, several
from notifications.cells import guarded

CHUNK = 500
Piece = TypeVar("Piece", str, bytes)


def pages(sort: Sort, query: QueryDict) -> Iterator[str]:
    """The file in pieces: the header, then the rows that a list with this query shows, a few hundred at a time."""
    # Spreadsheets take a file without the mark for one in their own old encoding.
    yield "\ufeff" + lines([list(sort.headers.values())])
    pks = list(_shown(sort, query).order_by("name", "pk").values_list("pk", flat=True))
    names = several(sort)
    for start in range(0, len(pks), CHUNK):
        rows = sort.rows().in_bulk(pks[start : start + CHUNK])
        found = (rows[pk] for pk in pks[start : start + CHUNK] if pk in rows)
        yield lines([[guarded(cell) for cell in cells_of(sort, thing, names).values()] for thing in found])


async def while_sent(pieces: Iterator[Piece]) -> AsyncIterator[Piece]:
    """The same pieces for an asynchronous server, which would otherwise gather them all first."""

    def fetch() -> Piece | None:
        return next(pieces, None)

    while (piece := await sync_to_async(fetch)()) is not None:
        yield piece


def _shown(sort: Sort, query: QueryDict) -> Any:
    """What the list shows; of contacts there is no list: theirs are those of the customers shown."""
    if sort is CONTACTS:
        return sort.model.objects.filter(customer__in=_narrowed(sort, query).values("pk"))
    return _narrowed(sort, query)


def _narrowed(sort: Sort, query: QueryDict) -> Any:
    model = sort.model._meta.get_field("customer").related_model if sort is CONTACTS else sort.model
    return sort.filter(query).narrow(model.objects.all())


def lines(rows: list[list[str]]) -> str:
    """Rows of cells as CSV."""
    file = io.StringIO()
    # All in quotation marks: a cell with a semicolon must not fall apart where that is the delimiter.
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    return file.getvalue()
