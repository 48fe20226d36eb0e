"""How the rows of a file go together with each other and with what is there: what belongs to one only, and rings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from customers.equipment.models import Equipment
from customers.imports.kinds import CUSTOMERS, EQUIPMENT, SITES, Sort
from customers.imports.planning import Planned

# What belongs to one only; of sites also to one that is archived.
ALONE = {CUSTOMERS.key: ("account",), EQUIPMENT.key: ("mac", "address"), SITES.key: ("name",)}


def judge(sort: Sort, planned: list[Planned]) -> None:
    """Write the faults on the rows; a row at fault stays as it is, which may put others at fault."""
    _twice(sort, planned)
    owners = {column: _owners(sort, column) for column in ALONE.get(sort.key, ())}
    hanging = dict(Equipment.objects.order_by().values_list("pk", "uplink_id")) if sort is EQUIPMENT else {}
    while True:
        good = [one for one in planned if not one.faults and one.thing is not None and one.alters]
        found = [fault for column, there in owners.items() for fault in _taken(sort, good, column, there)]
        if sort is EQUIPMENT:
            found += [*_missing(good, planned), *_rings(good, hanging)]
        for one, column, text in found:
            one.faults.append((sort.headers[column], text))
        if not found:
            return


Fault = tuple[Planned, str, str]


def _twice(sort: Sort, planned: list[Planned]) -> None:
    first: dict[tuple[object, ...], Planned] = {}
    for one in planned:
        if one.row.fault or not (one.name or one.number):
            continue
        before = first.setdefault(one.known_by, one)
        if before is not one:
            one.faults.append(("", f"Line {before.row.line} is of the same {sort.noun}."))


def _owners(sort: Sort, column: str) -> dict[int, str]:
    rows = sort.model.objects.all() if sort is SITES else sort.model.objects.current()
    pairs = rows.order_by().exclude(**{column: None}).values_list("pk", column)
    return {pk: value for pk, value in pairs.iterator() if value}


def _taken(sort: Sort, good: list[Planned], column: str, there: dict[int, str]) -> Iterator[Fault]:
    ours = {one.key: one for one in good}
    after = there | {key: getattr(one.thing, column) or "" for key, one in ours.items()}
    holders: dict[str, list[int]] = defaultdict(list)
    for key, value in after.items():
        if value:
            holders[value.casefold()].append(key)
    for value, keys in holders.items():
        new = [key for key in keys if key in ours and column in ours[key].writes]
        kept = [key for key in keys if key not in new] or new[:1]
        for key in new if len(keys) > 1 else ():
            if key != kept[0]:
                yield ours[key], column, _whose(sort, kept[0], ours, value)


def _whose(sort: Sort, key: int, ours: dict[int, Planned], value: str) -> str:
    if key in ours:
        return f"Line {ours[key].row.line} has {value} already."
    return f"{sort.model.objects.get(pk=key)} has {value} already."


def _missing(good: list[Planned], planned: list[Planned]) -> Iterator[Fault]:
    """Those that hang on a row that cannot be made."""
    lost = {one.key: one for one in planned if one.faults and one.pk is None}
    for one in good:
        upper = lost.get(one.thing.uplink_id)
        if upper:
            yield one, "uplink", f"It hangs on “{upper.name}” of line {upper.row.line}, which has a fault."


def _rings(good: list[Planned], hanging: dict[int, Any]) -> Iterator[Fault]:
    after = hanging | {one.key: one.thing.uplink_id for one in good}
    for one in good:
        if "uplink_id" not in one.writes:
            continue
        if one.thing.uplink_id == one.key:
            yield one, "uplink", "Equipment cannot hang on itself."
        elif _leads_back(one.key, after):
            yield one, "uplink", f"This would be a ring: “{one.row.cells['uplink']}” hangs on this device."


def _leads_back(key: int, uplinks: dict[int, Any]) -> bool:
    seen: set[int] = set()
    upper = uplinks.get(key)
    while upper is not None and upper != key and upper not in seen:
        seen.add(upper)
        upper = uplinks.get(upper)
    return upper == key
