"""What is out by two checks at a time, its own answer and the word of a source: told of once."""

from __future__ import annotations

from outages.models import Outage


def first(opened: list[Outage]) -> list[Outage]:
    """Those of equipment that was not out yet: staff hear once of what is out by two checks."""
    equipment = {outage.equipment_id for outage in opened}
    there = Outage.objects.open().filter(equipment__in=equipment, pk__lt=min(outage.pk for outage in opened))
    out = set(there.values_list("equipment", flat=True))
    by_equipment = {outage.equipment_id: outage for outage in reversed(opened)}
    return [one for one in opened if one.equipment_id not in out and by_equipment[one.equipment_id] is one]


def say_what_stays_out(closed: list[Outage]) -> None:
    """Mark those whose equipment is out by another check still, and all but one where several closed together."""
    equipment = {outage.equipment_id for outage in closed}
    out = set(Outage.objects.open().filter(equipment__in=equipment).values_list("equipment", flat=True))
    for outage in closed:
        outage.stays_out = outage.equipment_id in out
        out.add(outage.equipment_id)
