"""What the staff of the invented ISP have written down by themselves: warranties, meters and reminders."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from config.models import Role, User
from customers.models import Customer, Equipment, Kind, MeterReading, Reminder, Site
from customers.reminders import actions as reminders
from customers.reminders.times import offers
from notifications import house
from notifications.models import Notice

MONTHS = 6
# Hours between two readings, a month apart; and the gigabytes that a busy backhaul carries in that time.
HOURS, GIGABYTES = Decimal("730.5"), Decimal("4180.3")


def write(equipment: Iterable[Equipment], staff: dict[str, User], now: datetime) -> None:
    """Warranties and meters of what carries others, and a few reminders of these `staff`, by their roles."""
    ours = [one for one in equipment if one.kind != Kind.CPE]
    for place, one in enumerate(ours):
        # Some are long over, some about to end, most go on for years.
        one.warranty_until = timezone.localdate(now) + timedelta(days=place * 97 % 900 - 75)
        if one.kind in (Kind.ROUTER, Kind.PTP):
            _read(one, place, staff.get(Role.TECHNICIAN), now)
    fields = ["warranty_until", "meter", "meter_unit", "meter_at"]
    Equipment.objects.quietly().bulk_update(ours, fields, batch_size=200)
    if len(staff) == len(Role):
        _remind(ours, staff, now)


def _read(one: Equipment, place: int, by: User | None, now: datetime) -> None:
    step, unit = (HOURS, "h") if one.kind == Kind.ROUTER else (GIGABYTES, "GB")
    rows = [
        MeterReading(
            equipment=one, by=by, value=step * (3 + place + month), read_at=now - timedelta(days=30 * (MONTHS - month))
        )
        for month in range(MONTHS)
    ]
    MeterReading.objects.bulk_create(rows)
    one.meter, one.meter_unit, one.meter_at = rows[-1].value, unit, rows[-1].read_at


def _remind(ours: list[Equipment], staff: dict[str, User], now: datetime) -> None:
    at = {offer.key: offer.at for offer in offers(now, house.zone())}
    office, technician, engineer = (staff[role] for role in (Role.OFFICE, Role.TECHNICIAN, Role.ENGINEER))
    people, site = list(Customer.objects.order_by("pk")[:2]), Site.objects.network().order_by("pk").first()
    made: list[tuple[str, datetime, User, User, Any]] = [
        ("Change the batteries in the cabinet", at["tomorrow"], technician, technician, site),
        ("Take the long ladder along", at["tomorrow"], technician, office, people[0]),
        ("Call back about the new address", at["hour"], office, office, people[-1]),
        ("Look whether the new firmware holds", at["tomorrow"] + timedelta(days=3), engineer, engineer, ours[0]),
    ]
    for text, due_at, user, by, of in made:
        reminders.remind(text, due_at, user=user, by=by, of=of)
    over = reminders.remind("Order two spare radios", now - timedelta(hours=3), user=engineer, by=engineer, of=ours[-1])
    reminders.done(over, engineer, now)


def forget(model: type[Any], keys: Iterable[int]) -> None:
    """Take away what was written down of these objects, and what was told of it."""
    keys = list(keys)
    if model is Equipment:
        MeterReading.objects.filter(equipment__in=keys).delete()
    found = Reminder.objects.filter(object_type=ContentType.objects.get_for_model(model), object_id__in=keys)
    pks = list(found.values_list("pk", flat=True))
    Notice.objects.filter(object_type=ContentType.objects.get_for_model(Reminder), object_id__in=pks).delete()
    Reminder.objects.quietly().filter(pk__in=pks).delete()
