"""Reading a CSV: encoding, delimiter and header are recognised; what cannot be read is said with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from customers.words import folded
from notifications.cells import plain

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ",;\t"
# Writing as many changes holds SQLite's one place for writing for some seconds, and others wait for 20 at most.
MOST_ROWS = 30_000
LONGEST_CELL = 100_000
UTF16 = (b"\xff\xfe", b"\xfe\xff")
SAVE_AS = "Save it as “CSV UTF-8” and send it again."


class Unreadable(Exception):
    """The file as a whole cannot be read; says why."""


@dataclass(frozen=True)
class Row:
    """One row: its first line in the file, its cells by field, and what is wrong with its shape."""

    line: int
    cells: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True)
class Sheet:
    """What a file holds: its fields in the order of the columns, the columns that are not read, and the rows."""

    fields: list[str]
    ignored: list[str]
    rows: list[Row]


def bare(header: str) -> str:
    """A column's name as it is compared: "E-Mail" and "email" are the same."""
    return "".join(sign for sign in folded(header) if sign.isalnum())


def read(content: bytes, names: Mapping[str, str], needed: Collection[str]) -> Sheet:
    """The sheet; `names` gives the field of each bare column name, and one of `needed` has to be there."""
    text = _decoded(content)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first, names), strict=True)
    header = _next(reader)
    while header is not None and not any(cell.strip() for cell in header):
        header = _next(reader)
    if header is None:
        raise Unreadable("The file is empty.")
    fields, ignored = _columns(header, names, needed)
    rows = _rows(reader, fields)
    if not rows:
        raise Unreadable("The file has a header and no rows below it.")
    return Sheet([field for field in fields if field], ignored, rows)


def _decoded(content: bytes) -> str:
    if content.startswith(UTF16):
        raise Unreadable(f"The file is in UTF-16. {SAVE_AS}")
    if b"\0" in content:
        raise Unreadable(f"Line {_line_of(content, content.index(0))} holds binary data: this is not a CSV file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Unreadable(f"Line {_line_of(content, wrong.start)} is not in UTF-8. {SAVE_AS}") from None


def _line_of(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1


def _delimiter(first: str, names: Mapping[str, str]) -> str:
    """The sign that takes the first line apart into the most columns that are known."""

    def known(sign: str) -> int:
        return sum(bare(cell) in names for cell in first.split(sign))

    return max(DELIMITERS, key=known)


def _columns(header: list[str], names: Mapping[str, str], needed: Collection[str]) -> tuple[list[str], list[str]]:
    fields = [names.get(bare(plain(cell)), "") for cell in header]
    for at, field in enumerate(fields):
        if field and field in fields[:at]:
            raise Unreadable(f"Two columns are the same: “{header[fields.index(field)]}” and “{header[at]}”.")
    if not set(fields) & set(needed):
        found = ", ".join(f"“{cell[:40]}”" for cell in header[:8])
        raise Unreadable(f"The first line has to name the columns, and names none that is needed here: it has {found}.")
    ignored = [cell.strip()[:60] for cell, field in zip(header, fields, strict=True) if not field and cell.strip()]
    return fields, ignored[:30]


def _rows(reader: Reader, fields: list[str]) -> list[Row]:
    rows: list[Row] = []
    line = reader.line_num + 1
    while (cells := _next(reader)) is not None:
        if any(cell.strip() for cell in cells):
            rows.append(_row(line, cells, fields))
        if len(rows) > MOST_ROWS:
            raise Unreadable(f"The file has more than {MOST_ROWS:,} rows: split it.")
        line = reader.line_num + 1
    return rows


def _row(line: int, cells: list[str], fields: list[str]) -> Row:
    if len(cells) != len(fields):
        return Row(line, {}, f"There are {len(cells)} cells in this row, and {len(fields)} in the header.")
    found = {field: plain(cell).strip() for field, cell in zip(fields, cells, strict=True) if field}
    long = any(len(cell) > LONGEST_CELL for cell in cells)
    return Row(line, found, f"A cell has more than {LONGEST_CELL:,} signs." if long else "")


def _next(reader: Reader) -> list[str] | None:
    line = reader.line_num + 1
    try:
        return next(reader, None)
    except csv.Error as wrong:
        why = str(wrong)
        if "unexpected end" in why or "field limit" in why:
            why = "a quotation mark is opened and not closed, or a cell is far too long"
        raise Unreadable(f"Line {line} cannot be read: {why}.") from None
