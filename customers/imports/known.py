"""What is there already, by name: asked once for a whole file, not once a row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from customers.equipment.models import Equipment
from customers.imports.kinds import CONTACTS, CUSTOMERS, EQUIPMENT, POINTERS, Sort, identity
from customers.people.models import Contact, Customer
from customers.type_ahead import NUMBER

# The column by which a row is recognised before its name, and another row is told apart from it.
NUMBERS = {Customer: "account", Equipment: "mac"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, there or still to be made (then the key is minus its line): its name, and its number where it has one."""

    pk: int
    name: str
    number: str
    current: bool


class Known:
    """The rows of one kind, found by key, number and name."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.by_pk: dict[int, Entry] = {}
        self.by_name: dict[str, list[Entry]] = defaultdict(list)
        self.by_number: dict[str, list[Entry]] = defaultdict(list)

    def add(self, entry: Entry) -> None:
        """Know one more, or one more name of the same."""
        self.by_pk.setdefault(entry.pk, entry)
        self.by_name[identity(entry.name)].append(entry)
        if entry.number:
            self.by_number[entry.number.casefold()].append(entry)

    def match(self, name: str, number: str) -> Entry | None:
        """The row that a file's row is of, or None for a new one; raises ValidationError where several could be."""
        found = _current_first(self.by_number.get(number.casefold(), ())) if number else []
        if not found:
            alike = self.by_name.get(identity(name), []) if name else []
            same = [entry for entry in alike if entry.name == name] or alike
            bare = _current_first([entry for entry in same if not entry.number])
            found = bare or ([] if number else _current_first(same))
        if len(found) > 1:
            raise ValidationError(f"Several {self.what}s are called “{found[0].name}”: say which by its number.")
        return found[0] if found else None

    def find(self, text: str, kept: int | None) -> Entry | None:
        """The row that a cell points to; `kept` is where it points already, which may be archived."""
        if not text:
            return None
        allowed = [entry for entry in self._meant(text) if entry.current or entry.pk == kept]
        exact = [entry for entry in allowed if entry.name == text]
        found = {entry.pk: entry for entry in exact or allowed}
        if len(found) > 1:
            either = " or ".join(f"{entry.name} #{pk}" for pk, entry in list(found.items())[:4] if pk > 0)
            raise ValidationError(f"Several have the name “{text}”" + (f": write {either}." if either else "."))
        if not found:
            raise ValidationError(f"There is no {self.what} “{text[:80]}”.")
        return next(iter(found.values()))

    def _meant(self, text: str) -> list[Entry]:
        parts = NUMBER.match(text)
        numbered = self.by_pk.get(int(parts[2])) if parts else None
        if parts and numbered and identity(parts[1]) in ("", identity(numbered.name)):
            return [numbered]
        return self.by_name.get(identity(text)) or self.by_number.get(text.casefold()) or []


def _current_first(entries: Any) -> list[Entry]:
    """The current ones, or the archived ones where there are no others; each once."""
    found = {entry.pk: entry for entry in entries}.values()
    return [entry for entry in found if entry.current] or list(found)


def load(model: Any, what: str) -> Known:
    """All rows of a kind that is pointed to by name."""
    known, number = Known(what), NUMBERS.get(model)
    columns = ("pk", "name", "archived_at", *([number] if number else []))
    for pk, name, archived_at, *rest in model.objects.order_by("pk").values_list(*columns).iterator():
        known.add(Entry(pk, name, rest[0] if rest else "", archived_at is None))
    return known


def pointed_to(sort: Sort) -> dict[str, Known]:
    """What the rows of a file may point to, by field."""
    return {field: load(model, _noun(model)) for field, model in POINTERS.items() if field in sort.headers}


def themselves(sort: Sort, pointed: dict[str, Known]) -> Known:
    """What the rows of a file may be of."""
    if sort is CONTACTS:
        known = Known("contact")
        for pk, customer, name in Contact.objects.values_list("pk", "customer_id", "name").iterator():
            known.add(Entry(pk, f"{customer} {name}", "", True))
        return known
    return load(sort.model, sort.noun) if sort is not EQUIPMENT else pointed["uplink"]


def number_in(sort: Sort, cells: Any) -> str:
    """The number by which a row is recognised before its name."""
    return str(cells.get({CUSTOMERS.key: "account", EQUIPMENT.key: "mac"}.get(sort.key, ""), ""))


def _noun(model: Any) -> str:
    return "equipment" if model is Equipment else str(model._meta.verbose_name)
