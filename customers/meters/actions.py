"""Writing down what a meter says, and taking back what was written by mistake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from customers.equipment.models import Equipment, Unit
from customers.meters.models import MeterReading

# The clock of the machine that reads may be ahead of ours by this much.
AHEAD = timedelta(minutes=5)


class Refused(ValueError):
    """This cannot be what the meter said; `field` is which part of it is at fault."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def write(reading: MeterReading, unit: str, now: datetime) -> MeterReading:
    """Keep a reading of its equipment's meter, and give the equipment the newest; raises Refused, changing nothing.

    `unit` is what the meter counts: a first reading says so, and later ones leave it "" or say the same. The same
    reading once more, as a machine sends it that heard no answer, is the one that is there.
    """
    with transaction.atomic():
        equipment: Equipment = Equipment.objects.select_for_update(of=("self",)).get(pk=reading.equipment_id)
        reading.read_at, reading.equipment = reading.read_at.astimezone(UTC), equipment
        if there := MeterReading.objects.filter(equipment=equipment, read_at=reading.read_at).first():
            if there.value != reading.value:
                raise Refused("read_at", f"At this time it said {there} already.")
            found: MeterReading = there
            return found
        _judge(reading, now)
        unit = _unit(equipment, unit)
        reading.save()
        _bring_up_to_date(equipment, unit)
    return reading


def take_back(reading: MeterReading) -> None:
    """Forget a reading that was written by mistake; with the last one goes what the meter counts."""
    with transaction.atomic():
        equipment: Equipment = Equipment.objects.select_for_update(of=("self",)).get(pk=reading.equipment_id)
        reading.delete()
        _bring_up_to_date(equipment, equipment.meter_unit)


def _unit(equipment: Equipment, unit: str) -> str:
    has = equipment.meter_unit
    if not (has or unit):
        raise Refused("unit", "Say what the meter counts: hours or gigabytes.")
    if has and unit and unit != has:
        raise Refused("unit", f"This meter counts {Unit(has).label.lower()}.")
    return has or unit


def _judge(reading: MeterReading, now: datetime) -> None:
    """Between what was read before it and after it; raises Refused."""
    if reading.read_at > now + AHEAD:
        raise Refused("read_at", "This time is still to come.")
    others = MeterReading.objects.filter(equipment=reading.equipment)
    before = others.filter(read_at__lt=reading.read_at).order_by("read_at").last()
    after = others.filter(read_at__gt=reading.read_at).order_by("read_at").first()
    if before and not reading.replaced and reading.value < before.value:
        text = f"It said {before} already, and a meter does not run backwards. Tick that it was replaced, if it was."
        raise Refused("value", text)
    if after and not after.replaced and reading.value > after.value:
        raise Refused("value", f"Later it said only {after}.")


def _bring_up_to_date(equipment: Equipment, unit: str) -> None:
    newest: Any = MeterReading.objects.filter(equipment=equipment).newest_first().first()
    values = (newest.value, unit, newest.read_at) if newest else (None, "", None)
    if values == (equipment.meter, equipment.meter_unit, equipment.meter_at):
        return
    equipment.meter, equipment.meter_unit, equipment.meter_at = values
    # Saved, not updated: whoever wants to hear of it is told.
    equipment.save(update_fields=["meter", "meter_unit", "meter_at"])


def may_take_back(user: Any) -> Q:
    """Which readings a user may take back: their own, and all for whom may change the network."""
    return Q() if user.has_perm("customers.change_network") else Q(by=user.pk)
