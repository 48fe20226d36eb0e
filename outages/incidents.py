"""Incidents: each open outage finds its cause in the tree of uplinks, once what lies above has answered.

Called by recording, in its transaction. All that is undecided lives in the database (an open outage without an
incident), so a restart at any moment goes on where it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Max, Q, QuerySet

from agents.probes.readings import Reading
from customers.equipment import uplinks as tree
from customers.models import Equipment, Kind, State
from notifications import acknowledging
from notifications.models import Notice
from notifications.observe import stored
from outages import topology
from outages.models import Check, Incident, IncidentNote, Outage
from outages.topology import Standing

# Nothing waits longer for what lies above than this; what came this shortly before its cause belongs to it.
HOLD = timedelta(seconds=45)
BEFORE = timedelta(seconds=120)
# When the cause is over, what it took away has this long to come back before it counts as broken by itself.
SETTLING = timedelta(seconds=60)


@dataclass(slots=True)
class Found:
    """Whether anything changed, and the equipment whose parents should be probed at once."""

    changed: bool = False
    ask: set[int] = field(default_factory=set)


def settle(readings: Mapping[int, Reading], now: datetime, ended: Iterable[int | None] = ()) -> Found:
    """Give every open outage its incident as far as that can be told, and close the incidents that are over."""
    found = Found()
    over = _close_over({pk for pk in ended if pk}, now)
    freed = _free_leftovers(now)
    held = list(Outage.objects.open().filter(incident=None).select_related("equipment"))
    if held:
        _assign(held, readings, now, found)
    found.changed = found.changed or bool(over or freed)
    return found


def _assign(held: list[Outage], readings: Mapping[int, Reading], now: datetime, found: Found) -> None:
    uplinks = tree.uplinks()
    for cause, outages in _by_cause(held, uplinks, readings, now, found).items():
        incident = _incident(cause, outages[0], uplinks, now)
        Outage.objects.quietly().filter(pk__in=[outage.pk for outage in outages]).update(incident=incident)
        found.changed = True


def _by_cause(
    held: list[Outage], uplinks: Mapping[int, int | None], readings: Mapping[int, Reading], now: datetime, found: Found
) -> dict[int, list[Outage]]:
    """The held outages by the equipment that is to blame, from the top of the tree down; some go on waiting."""
    standings = _standings(held, uplinks, readings)
    causes: dict[int, list[Outage]] = defaultdict(list)
    for outage in sorted(held, key=lambda outage: topology.depth(outage.equipment_id, uplinks)):
        cause = topology.cause(outage.equipment_id, uplinks, standings)
        if cause is None and now - outage.opened_at > HOLD:
            cause = _without_waiting(outage.equipment_id, uplinks, standings)
        if cause is not None:
            causes[cause].append(outage)
        elif outage.opened_at == now:
            found.ask.add(outage.equipment_id)
    return causes


def _without_waiting(equipment: int, uplinks: Mapping[int, int | None], standings: Mapping[int, Standing]) -> int:
    """The cause as far as it is known: who does not answer in time is looked through."""
    known = {pk: standing for pk, standing in standings.items() if standing in (Standing.UP, Standing.DOWN)}
    return topology.cause(equipment, uplinks, known) or equipment


def _standings(
    held: Iterable[Outage], uplinks: Mapping[int, int | None], readings: Mapping[int, Reading]
) -> dict[int, Standing]:
    """What is known of everything above the held outages."""
    above = {pk for outage in held for pk in tree.above(uplinks, outage.equipment_id)} | {o.equipment_id for o in held}
    down = set(Outage.objects.open().filter(equipment__in=above).values_list("equipment", flat=True))
    asked: dict[int, Standing] = {}
    told: dict[int, Standing] = {}
    since = min(outage.started_at.timestamp() for outage in held)
    for check in Check.objects.looked_at().filter(equipment__in=above).exclude(state=Check.State.NEW):
        standing = _standing(check, readings.get(check.pk), since, check.equipment_id in down)
        standings = told if check.of_source else asked
        standings[check.equipment_id] = _better(standing, standings.get(check.equipment_id))
    # What a source says comes late: beside what the equipment itself answers, or does not, it counts for nothing.
    return told | {pk: standing for pk, standing in asked.items() if standing is not Standing.BLIND}


def _standing(check: Check, reading: Reading | None, since: float, has_outage: bool) -> Standing:
    if check.state == Check.State.DOWN:
        return Standing.DOWN if has_outage else Standing.BLIND
    if check.run:
        return Standing.SUSPECT
    fresh = reading is not None and reading.up and reading.asked_at >= since
    return Standing.UP if fresh else Standing.UNASKED


def _better(one: Standing, other: Standing | None) -> Standing:
    """Of several checks of one piece of equipment the best answer counts: what answers anything is there."""
    order = (Standing.UP, Standing.UNASKED, Standing.SUSPECT, Standing.DOWN, Standing.BLIND)
    return one if other is None else min(one, other, key=order.index)


def _incident(cause: int, outage: Outage, uplinks: Mapping[int, int | None], now: datetime) -> Incident:
    """The open incident of this cause; opened where there is none, taking in what shortly preceded it."""
    known: Incident | None = Incident.objects.open().filter(equipment=cause).first()
    if known:
        return known
    outages = Outage.objects.open().filter(equipment=cause).select_related("equipment")
    first = outages.order_by("started_at").first() or outage
    # Most causes are homes, on which nothing hangs: for these the tree need not be turned over.
    behind = tree.below(uplinks, cause) if cause in uplinks.values() else set()
    incident = Incident(equipment=first.equipment, opened_at=first.started_at, changed_at=now)
    incident.customers_behind, incident.sites_behind = _hurt(behind | {cause})
    incident.save()
    note(incident, now, f"{first.equipment} did not answer: {first.opened_by.get('message') or 'silent'}")
    _absorb(incident, behind, now)
    return incident


def _hurt(equipment: set[int]) -> tuple[int, int]:
    """(customers, sites of ours) served by this equipment; who is suspended, or was never online, is not hurt."""
    rows = Equipment.objects.current().filter(pk__in=equipment)
    served = rows.filter(customer__suspended=False).exclude(state=State.UNKNOWN, checks__isnull=False)
    customers = served.values("customer").distinct().count()
    sites = rows.exclude(kind=Kind.CPE).exclude(site=None).values("site").distinct().count()
    return customers, sites


def _absorb(incident: Incident, behind: set[int], now: datetime) -> None:
    """Incidents of what hangs on this one, opened just before it, were its first signs."""
    signs = Incident.objects.open().filter(equipment__in=behind, opened_at__gte=incident.opened_at - BEFORE)
    for sign in signs.exclude(pk=incident.pk):
        before = stored(sign)
        Outage.objects.quietly().filter(incident=sign).update(incident=incident)
        sign.joined, sign.closed_at, sign.changed_at = incident, now, now
        sign.state = Incident.State.RESOLVED
        sign.save()
        settled(sign, "It belongs to another incident", now)
        note(incident, now, f"{before.equipment} was its first sign")


def _close_over(touched: set[int], now: datetime) -> list[Incident]:
    """Close the incidents whose last outage has ended, at the moment it ended."""
    if not touched:
        return []
    over = Incident.objects.open().filter(pk__in=touched).exclude(outages__ended_at=None).select_related("equipment")
    closed = list(over.annotate(over_at=Max("outages__ended_at")))
    for incident in closed:
        close(incident, incident.over_at, now)
    return closed


def close(incident: Incident, at: datetime, now: datetime) -> None:
    """The incident is over since `at`."""
    incident.closed_at, incident.changed_at, incident.state = at, now, Incident.State.RESOLVED
    incident.save()
    settled(incident, "It is over", now)
    note(incident, now, f"{incident.equipment} answers again")


def settled(incident: Incident, why: str, now: datetime) -> None:
    """Nobody else need be called for an incident, nor for an outage behind it."""
    acknowledging.end(_told_of(incident), why, now)


def taken(incident: Incident, by: Any, now: datetime) -> None:
    """Somebody takes an incident on: whoever was told of it, or of an outage behind it, sees that and by whom."""
    acknowledging.taken(_told_of(incident), by, now)


def _told_of(incident: Incident) -> QuerySet[Notice]:
    kinds = ContentType.objects.get_for_models(Incident, Outage)
    behind = Q(object_type=kinds[Outage], object_id__in=Outage.objects.filter(incident=incident).values("pk"))
    return Notice.objects.filter(behind | Q(object_type=kinds[Incident], object_id=incident.pk))


def _free_leftovers(now: datetime) -> list[Incident]:
    """Where the cause is back and something behind it is not after the settling time, that becomes its own incident."""
    open_now = list(Incident.objects.open().select_related("equipment"))
    if not open_now:
        return []
    causes = Outage.objects.open().filter(equipment__in=[incident.equipment_id for incident in open_now])
    lasting = set(causes.values_list("equipment", flat=True))
    cured = [incident for incident in open_now if incident.equipment_id not in lasting]
    # The cause's last outage may be part of another incident, from which it was not free yet when this one opened.
    theirs = Outage.objects.filter(equipment__in=[incident.equipment_id for incident in cured]).order_by()
    back = dict(theirs.values_list("equipment").annotate(Max("ended_at"))) if cured else {}
    freed = []
    for incident in cured:
        since = back.get(incident.equipment_id)
        if since is None or now - since < SETTLING:
            continue
        incident.outages.quietly().filter(ended_at=None).update(incident=None)
        close(incident, since, now)
        freed.append(incident)
    return freed


def note(incident: Incident, at: datetime, text: str, by: Any = None) -> None:
    """Add a line to the incident's timeline."""
    IncidentNote.objects.create(incident=incident, at=at, text=text[:500], by=by)
