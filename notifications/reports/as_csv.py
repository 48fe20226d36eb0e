"""A report as CSV: facts as pairs, then each table under its title. Nothing in it runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from notifications.cells import guarded
from notifications.reports.sheet import Head, Sheet

MEDIA_TYPE = "text/csv; charset=utf-8"


def made(sheet: Sheet, head: Head) -> bytes:
    """The file, in UTF-8 with the mark that spreadsheets want."""
    out = io.StringIO()
    csv.writer(out).writerows([guarded(cell) for cell in row] for row in _rows(sheet, head))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _rows(sheet: Sheet, head: Head) -> Iterator[tuple[str, ...]]:
    yield sheet.kind, sheet.title
    yield "Of", head.house
    yield "Made", head.made
    yield "Page", head.link
    yield from sheet.facts
    for table in sheet.tables:
        yield ()
        yield (table.title,)
        yield table.headers
        yield from table.rows
        if table.rest:
            yield (table.rest,)
