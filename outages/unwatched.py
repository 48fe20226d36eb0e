"""Equipment that has an address and that nobody looks at, and one rule for all of it: what follows an import."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from agents import roster
from customers.equipment.models import Equipments
from customers.models import Equipment
from outages.models import Check

AT_ONCE = 1000


def unwatched() -> Equipments:
    """Current equipment that could be looked at and has no check."""
    return Equipment.objects.current().filter(address__isnull=False, checks=None)


def look_at_all(rule: Check, kinds: Iterable[str]) -> int:
    """Give all of them a check as `rule` (unsaved, of no equipment) describes it; how many got one."""
    made = 0
    keys = list(unwatched().filter(kind__in=list(kinds)).order_by("pk").values_list("pk", flat=True))
    # In portions, so that a sweep's readings do not wait for a large import.
    for start in range(0, len(keys), AT_ONCE):
        checks = [_like(rule, pk) for pk in keys[start : start + AT_ONCE]]
        with transaction.atomic():
            # Somebody else who pressed the same button a moment ago has made some of them.
            Check.objects.bulk_create(checks, ignore_conflicts=True)
            roster.tell_new_work()
        made += len(checks)
    return made


def _like(rule: Check, equipment: int) -> Check:
    return Check(
        equipment_id=equipment,
        probe=rule.probe,
        port=rule.port,
        interval=rule.interval,
        count=rule.count,
        window=rule.window,
    )
