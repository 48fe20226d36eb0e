"""Going the rounds: what a check-up finds, and what else it says of the day."""

from __future__ import annotations

import logging
import zoneinfo
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from config import health, options, room
from config.backups import backup
from config.checkups import Checkup
from config.finding import State
from notifications.models import Delivery
from outages.models import Check, Incident, Outage
from outages.spans import duration

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
# One that is missed is made up for later; the very first is not, for nobody waited for it.
FIRST = timedelta(hours=1)


def go(now: datetime) -> int:
    """Make the check-ups that are due; how many were."""
    return sum(_tried(kind, now) for kind in Checkup.Kind.values)


def _tried(kind: str, now: datetime) -> bool:
    """Make one; a fault in it is written to the log and keeps none of the others from being made."""
    try:
        return _made(kind, now)
    except Exception:
        log.exception("the %s check-up could not be made", kind)
        return False


def due(kind: str, now: datetime) -> date | None:
    """The day whose check-up of this kind is to be made now; None where it is made, not yet due, or turned off."""
    chosen = options.fresh()
    try:
        wanted = time.fromisoformat(getattr(chosen, f"health_{kind}"))
    except ValueError:
        return None
    local = now.astimezone(zoneinfo.ZoneInfo(chosen.time_zone)).replace(tzinfo=None)
    day = local.date() if local.time() >= wanted else local.date() - timedelta(days=1)
    last = Checkup.objects.filter(kind=kind, day__lte=local.date()).order_by("-day").first()
    if last is None:
        return day if local - datetime.combine(day, wanted) < FIRST else None
    return day if day > last.day else None


def _made(kind: str, now: datetime) -> bool:
    day = due(kind, now)
    if day is None:
        return False
    found = health.findings(now)
    trouble = [name for name, finding in found if finding.state is not State.WORKS]
    more = business(now) if kind == Checkup.Kind.DAILY else operations(now)
    values = {"at": now, "looked_at": len(found), "trouble": trouble, "more": more[:200]}
    return bool(Checkup.objects.get_or_create(kind=kind, day=day, defaults=values)[1])


def business(now: datetime) -> str:
    """How the network has fared in a day, in words."""
    open_now = Incident.objects.open().filter(joined=None).count()
    outages = Outage.objects.between(now - DAY, now)
    customers = outages.exclude(customer=None).values("customer").distinct().count()
    return (
        f"{_count(open_now, 'open incident')}; in a day {_count(outages.count(), 'outage')}, "
        f"which {_count(customers, 'customer')} felt."
    )


def operations(now: datetime) -> str:
    """How Towerwatch itself has done in a day, in words."""
    ended = Delivery.objects.filter(notice__created_at__gte=now - DAY)
    done = ended.filter(state=Delivery.State.DONE).count()
    failed = ended.filter(Q(state=Delivery.State.FAILED)).count()
    age = backup.age(now)
    newest = f"the newest backup is {duration(age.total_seconds())} old" if age else "there is no backup"
    return (
        f"{_count(Check.objects.looked_at().count(), 'check')}; in a day {_count(done, 'delivery', 'deliveries')}, "
        f"{failed} failed; {newest}; {room.free() >> 30} GB are free."
    )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
