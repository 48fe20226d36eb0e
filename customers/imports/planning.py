"""Comparing a file with what is there: which rows are new, changed, unchanged, or at fault. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from customers.equipment.forms import Mac
from customers.imports.forms import ROWS
from customers.imports.kinds import CONTACTS, EQUIPMENT, Sort, cells_of, identity, name_in, same, several
from customers.imports.known import Entry, Known, number_in, pointed_to, themselves
from customers.imports.sheets import Row, Sheet
from customers.words import Kept

CHUNK = 500


@dataclass
class Planned:
    """What a row of the file comes to; `pk` is None for a new thing, and `writes` the columns that would change."""

    row: Row
    name: str = ""
    number: str = ""
    customer: int | None = None
    pk: int | None = None
    thing: Any = None
    before: dict[str, Any] = field(default_factory=dict)
    writes: dict[str, Any] = field(default_factory=dict)
    tags: list[str] | None = None
    faults: list[tuple[str, str]] = field(default_factory=list)

    @property
    def key(self) -> int:
        """The primary key, or minus the line of what is still to be made."""
        return self.pk if self.pk is not None else -self.row.line

    @property
    def known_by(self) -> tuple[object, ...]:
        """What no two rows of a file may have in common."""
        return ("pk", self.pk) if self.pk else ("new", self.number.casefold() or identity(self.name), self.customer)

    @property
    def alters(self) -> bool:
        """Is there anything to write?"""
        return self.pk is None or bool(self.writes) or self.tags is not None


class Planner:
    """Goes through a sheet once; `told` hears how many rows are done."""

    def __init__(self, sort: Sort, sheet: Sheet, told: Callable[[int], None]) -> None:
        self.sort, self.told = sort, told
        self.pointed = pointed_to(sort)
        self.known: Known = themselves(sort, self.pointed)
        self.form = ROWS[sort.key](self.pointed)
        self.several = several(sort)
        self.planned = [Planned(row) for row in sheet.rows]
        self.fields = sheet.fields

    def run(self) -> list[Planned]:
        """Each row with what it comes to on its own; how rows go together is judged by `agreement`."""
        for one in self.planned:
            if one.row.fault:
                one.faults.append(("", one.row.fault))
            else:
                self._attempt(one, self._recognise)
        self._know_the_new()
        for start in range(0, len(self.planned), CHUNK):
            self._compare(self.planned[start : start + CHUNK])
            self.told(min(start + CHUNK, len(self.planned)))
        return self.planned

    def _attempt(self, one: Planned, step: Callable[[Planned], None]) -> None:
        try:
            step(one)
        except ValidationError as wrong:
            one.faults.append(("", wrong.messages[0]))

    def _recognise(self, one: Planned) -> None:
        cells = one.row.cells
        one.name, one.number = name_in(self.sort, cells), number_in(self.sort, cells)
        if self.sort is EQUIPMENT:
            one.number = _mac(one.number)
        name = one.name
        if self.sort is CONTACTS:
            customer = self.pointed["customer"].find(cells.get("customer", ""), None)
            if customer is None:
                raise ValidationError("Say whose contact this is, in the column Customer.")
            name, one.customer = f"{customer.pk} {name}", customer.pk
        found = self.known.match(name, one.number)
        one.pk = found.pk if found else None

    def _know_the_new(self) -> None:
        """Rows may point to each other, whatever their order: names of the file are known before any is compared."""
        for one in self.planned if self.sort is EQUIPMENT else ():
            if one.name and not one.faults:
                current = one.pk is None or self.known.by_pk[one.pk].current
                self.known.add(Entry(one.key, one.name, "", current))

    def _compare(self, chunk: list[Planned]) -> None:
        stored = self.sort.rows().in_bulk([one.pk for one in chunk if one.pk])
        for one in chunk:
            if one.faults:
                continue
            thing = stored.get(one.pk) or self.sort.model()
            if self.sort is CONTACTS:
                thing.customer_id = one.customer
            self._look_at(one, thing)

    def _look_at(self, one: Planned, thing: Any) -> None:
        there = cells_of(self.sort, thing, self.several)
        given = dict(self._given(one, there))
        if one.pk and all(same(there[name], text) for name, text in given.items()):
            return
        if one.pk and getattr(thing, "archived_at", None):
            one.faults.append(("", f"{thing} is archived: bring it back first."))
            return
        one.thing, one.before = thing, _columns(thing, self.form)
        errors = self.form.look_at(thing, there | given)
        for name, messages in errors.items():
            header = self.sort.headers.get(name, "")
            one.faults += [(header, str(message)) for message in messages]
        if not one.faults:
            self._what_changes(one, there)

    def _given(self, one: Planned, there: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The cells of the row; an empty one does not take away the number that tells a thing from others."""
        for name, text in one.row.cells.items():
            if name in ("account", "mac") and not text and there[name]:
                continue
            if not (self.sort is CONTACTS and name == "customer"):
                yield name, text

    def _what_changes(self, one: Planned, there: Mapping[str, str]) -> None:
        now = _columns(one.thing, self.form)
        one.writes = {name: value for name, value in now.items() if value != one.before.get(name)}
        if one.writes:
            kept = (column for column in one.thing._meta.concrete_fields if isinstance(column, Kept))
            one.writes |= {column.attname: column.pre_save(one.thing, False) for column in kept}
        if "tags" in self.form.fields:
            tags = self.form.cleaned_data["tags"]
            one.tags = tags if one.pk is None or ", ".join(sorted(tags)) != there["tags"] else None


def _columns(thing: Any, form: Any) -> dict[str, Any]:
    fields = [column for column in thing._meta.concrete_fields if column.name in form.fields]
    return {column.attname: getattr(thing, column.attname) for column in fields}


def _mac(text: str) -> str:
    """The MAC as it is stored; what is none stays, and is refused by the form."""
    try:
        return Mac().clean(text)
    except ValidationError:
        return text
