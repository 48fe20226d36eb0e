"""What hangs on what: walks over (equipment, uplink) pairs, which a ring in the data cannot hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from customers.equipment.models import Equipment

# No chain of uplinks is that long; a ring in the data is.
LONGEST = 64
ABOVE = """
    WITH RECURSIVE above(id, uplink_id, far) AS (
        SELECT id, uplink_id, 0 FROM customers_equipment WHERE id = %s
        UNION
        SELECT next.id, next.uplink_id, far + 1 FROM customers_equipment next JOIN above ON next.id = above.uplink_id
        WHERE far < %s
    )
    SELECT equipment.*, far FROM above JOIN customers_equipment equipment ON equipment.id = above.id
    WHERE far > 0 ORDER BY far
"""
BRANCHES = """
    WITH RECURSIVE below(branch, id) AS (
        SELECT id, id FROM customers_equipment WHERE uplink_id = %s AND archived_at IS NULL
        UNION
        SELECT below.branch, hanging.id FROM customers_equipment hanging JOIN below ON hanging.uplink_id = below.id
        WHERE hanging.archived_at IS NULL
    )
    SELECT below.branch, below.id, equipment.customer_id
    FROM below JOIN customers_equipment equipment ON equipment.id = below.id
"""


@dataclass(frozen=True)
class Reach:
    """How much hangs on a device, and how many customers each of its direct downlinks serves, by primary key."""

    devices: int
    customers: int
    by_branch: Mapping[int, int]


def uplinks() -> dict[int, int | None]:
    """The uplink of every current equipment, by primary key; one query."""
    return dict(Equipment.objects.current().order_by().values_list("pk", "uplink_id"))


def downlinks(uplinks: Mapping[int, int | None]) -> dict[int, list[int]]:
    """The same pairs the other way round: what hangs directly on each."""
    hanging = defaultdict(list)
    for pk, uplink in uplinks.items():
        if uplink is not None:
            hanging[uplink].append(pk)
    return hanging


def below(uplinks: Mapping[int, int | None], root: int) -> set[int]:
    """All that hangs on `root`, however far below; without `root` itself."""
    hanging = downlinks(uplinks)
    found: set[int] = set()
    new: Iterable[int] = hanging.get(root, ())
    while new:
        found.update(new)
        new = {pk for parent in new for pk in hanging.get(parent, ())} - found
    return found - {root}


def above(uplinks: Mapping[int, int | None], pk: int) -> list[int]:
    """All that `pk` hangs on, the nearest first; what is not in the pairs is archived and ends the walk."""
    found: list[int] = []
    seen = {pk}
    uplink = uplinks.get(pk)
    while uplink is not None and uplink not in seen and uplink in uplinks:
        seen.add(uplink)
        found.append(uplink)
        uplink = uplinks.get(uplink)
    return found


def chain(pk: int) -> list[Equipment]:
    """The equipment that one hangs on, the nearest first; one query, archived ones are shown."""
    found: dict[int, Equipment] = {}
    for equipment in Equipment.objects.raw(ABOVE, [pk, LONGEST]):
        if equipment.pk == pk or equipment.pk in found:
            break
        found[equipment.pk] = equipment
    return list(found.values())


def reach(pk: int) -> Reach:
    """How far a device reaches down; one query."""
    with connection.cursor() as cursor:
        cursor.execute(BRANCHES, [pk])
        rows = cursor.fetchall()
    served: dict[int, set[int]] = defaultdict(set)
    for branch, device, customer in rows:
        if device != pk and customer is not None:
            served[branch].add(customer)
    devices = {device for _, device, _ in rows} - {pk}
    return Reach(len(devices), len(set().union(*served.values())), {branch: len(of) for branch, of in served.items()})
