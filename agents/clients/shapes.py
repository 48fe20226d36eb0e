"""Checks the shape of JSON that others sent: reads fields by their path and notes what is not as expected.

Fields that are not read may hold anything. A field that is missing or null is None. A value of the wrong kind is
None as well and is noted, unless the row is worth nothing without it: then RowError drops the row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_interface
from typing import Any, Generic, Protocol, TypeVar

from agents.clients.faults import FaultKind, UpstreamFault

_LONGEST_SHOWN = 60


class RowError(Exception):
    """A row cannot be used; the message names the field, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row.

    `place` is its path in the answer ("devices[17]"), `id` its id as far as there is one, `dropped` whether the
    row is missing in the result. A row with a twin that says something else counts as dropped: the first one of the
    two is kept, and nothing should be concluded from either. A twin that says the same does no harm.
    """

    place: str
    text: str
    id: str | int | None
    dropped: bool
    raw: Any = field(repr=False, compare=False)


class Identified(Protocol):
    """What every row has."""

    @property
    def id(self) -> str | int: ...  # noqa: D102

    @property
    def raw(self) -> Mapping[str, Any]: ...  # noqa: D102


RowT = TypeVar("RowT", bound=Identified)


@dataclass(frozen=True, slots=True)
class Rows(Generic[RowT]):
    """The rows of an answer that could be read, and what is wrong with any of them."""

    rows: tuple[RowT, ...]
    faults: tuple[RowFault, ...]


class Fields:
    """The fields of one row, read by path: `fields.text("identification", "site", "id")`."""

    def __init__(self, raw: Any, place: str = "", faults: list[str] | None = None) -> None:
        if not isinstance(raw, dict):
            raise RowError(f"expected an object, came {_shown(raw)}")
        self.raw: Mapping[str, Any] = raw
        self.faults: list[str] = [] if faults is None else faults
        self._place = place

    def text(self, *path: str) -> str:
        """A text without spaces around it; "" where there is none."""
        value = self._at(path)
        if value is None:
            return ""
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self._wrong(path, "a text", value)
        return ""

    def number(self, *path: str) -> float | None:
        """A finite number, also one that came as a text."""
        value = self._at(path)
        if value is None or value == "":
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
        self._wrong(path, "a number", value)
        return None

    def whole(self, *path: str) -> int | None:
        """A number without its fraction."""
        number = self.number(*path)
        return None if number is None else int(number)

    def flag(self, *path: str) -> bool | None:
        """True, false, or None: not known."""
        value = self._at(path)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(path, "true or false", value)
        return None

    def time(self, *path: str) -> datetime | None:
        """A moment in UTC; a time without a zone is taken for UTC."""
        value = self._at(path)
        if value is None or value == "":
            return None
        try:
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError):
            self._wrong(path, "a time", value)
            return None

    def address(self, *path: str) -> str:
        """An IP address without the prefix that UISP may add ("100.64.66.172/24"); "" where there is none."""
        value = self._at(path)
        if value is None or value == "":
            return ""
        try:
            # A number would be taken for an address as well.
            return str(ip_interface(value.strip()).ip)
        except (AttributeError, ValueError):
            self._wrong(path, "an IP address", value)
            return ""

    def degrees(self, most: float, *path: str) -> float | None:
        """A latitude or a longitude, at most so many degrees from zero."""
        number = self.number(*path)
        if number is None or abs(number) <= most:
            return number
        self._wrong(path, f"from -{most:g} to {most:g} degrees", number)
        return None

    def objects(self, *path: str) -> list[Fields]:
        """The objects of a list; empty where there is none."""
        value = self._at(path)
        if not isinstance(value, list):
            if value is not None:
                self._wrong(path, "a list", value)
            return []
        place = f"{self._place}{'.'.join(path)}"
        found = [Fields(each, f"{place}[{n}].", self.faults) for n, each in enumerate(value) if isinstance(each, dict)]
        if len(found) < len(value):
            self._wrong(path, "a list of objects", value)
        return found

    def needed_text(self, *path: str) -> str:
        """A text without which the row is worth nothing, also one that came as a number."""
        value = self._at(path)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and clean(value):
            return clean(value)
        raise RowError(f"{'.'.join(path)}: expected a text, came {_shown(value)}")

    def needed_whole(self, *path: str) -> int:
        """A whole number without which the row is worth nothing, also as a text of digits."""
        value = self._at(path)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
            return value
        raise RowError(f"{'.'.join(path)}: expected a whole number, came {_shown(value)}")

    def _at(self, path: Sequence[str]) -> Any:
        value: Any = self.raw
        for depth, name in enumerate(path):
            if value is None:
                return None
            if not isinstance(value, dict):
                self._wrong(path[:depth], "an object", value)
                return None
            value = value.get(name)
        return value

    def _wrong(self, path: Sequence[str], expected: str, came: Any) -> None:
        text = f"{self._place}{'.'.join(path)}: expected {expected}, came {_shown(came)}"
        if text not in self.faults:
            self.faults.append(text)


class RowReader(Generic[RowT]):
    """Reads rows one after the other: the good ones are kept, what is wrong with the others is noted."""

    def __init__(self, what: str, read: Callable[[Fields], RowT], id_path: Sequence[str]) -> None:
        self._what, self._read, self._id_path = what, read, id_path
        self._rows: dict[Hashable, RowT] = {}
        self._faults: list[RowFault] = []
        self.seen = 0

    @property
    def kept(self) -> int:
        """How many rows are good so far."""
        return len(self._rows)

    def add(self, answer: Any) -> None:
        """Take a list of rows; UpstreamFault if it is none."""
        if not isinstance(answer, list):
            text = f"{self._what}: expected a list, came {_shown(answer)}"
            raise UpstreamFault(FaultKind.SHAPE, text)
        for raw in answer:
            self._add_row(raw)
            self.seen += 1

    def done(self) -> Rows[RowT]:
        """Everything; UpstreamFault if there were rows and none of them could be read."""
        if self._faults and not self._rows:
            first = self._faults[0]
            text = f"none of {self.seen} {self._what} can be read; {first.place}: {first.text}"
            raise UpstreamFault(FaultKind.SHAPE, text)
        return Rows(tuple(self._rows.values()), tuple(self._faults))

    def _add_row(self, raw: Any) -> None:
        try:
            fields = Fields(raw)
            row = self._read(fields)
        except RowError as error:
            self._note(raw, str(error), _id_of(raw, self._id_path), dropped=True)
            return
        for text in fields.faults:
            self._note(raw, text, row.id, dropped=False)
        if row.id in self._rows:
            text = f"{'.'.join(self._id_path)}: {row.id!r} came before, this one is left out"
            self._note(raw, text, row.id, dropped=raw != self._rows[row.id].raw)
        else:
            self._rows[row.id] = row

    def _note(self, raw: Any, text: str, row_id: str | int | None, *, dropped: bool) -> None:
        self._faults.append(RowFault(f"{self._what}[{self.seen}]", text, row_id, dropped, raw))


def clean(text: str) -> str:
    """A text that every database can hold: no NUL, no half of a surrogate pair, no spaces around it."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\x00", "").strip()


def _id_of(raw: Any, path: Sequence[str]) -> str | int | None:
    for name in path:
        raw = raw.get(name) if isinstance(raw, dict) else None
    return raw if isinstance(raw, (str, int)) else None


def _shown(value: Any) -> str:
    """What came, short enough for a message; of an object or a list only its kind, for it may hold anything."""
    if value is None:
        return "nothing"
    if isinstance(value, (dict, list)):
        names = ", ".join(sorted(map(str, value))[:5]) if isinstance(value, dict) else ""
        return f"an object ({names})"[:_LONGEST_SHOWN] if names else "an empty object" if value == {} else "a list"
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "..."
