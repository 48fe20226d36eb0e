"""What staff do with incidents and checks."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from agents import roster
from customers.models import Equipment
from notifications import live
from outages import recording
from outages.incidents import note, taken
from outages.models import Check, Incident, Outage

FOLLOWED = ("state", "owner", "expected_at", "sentence")
SET_BY_STAFF = ("probe", "port", "on", "interval", "count", "window")


class TooLate(ValueError):
    """The incident is over."""


def acknowledge(incident: Incident, by: Any, now: datetime) -> bool:
    """Somebody has seen it and takes it on; one that is being worked on stays as it is. Whether it was new.

    Raises TooLate once the incident is over.
    """
    with transaction.atomic():
        row = _going_on(incident)
        is_new = row.state == Incident.State.NEW
        return is_new and _change(row, {"state": Incident.State.ACKNOWLEDGED, "owner": row.owner or by}, by, now)


def acknowledged(thing: Any, by: Any, now: datetime) -> None:
    """A notice about an incident, or an outage of it, was acknowledged: so is the incident, where `by` may do that."""
    incident = thing.incident if isinstance(thing, Outage) else thing
    if not isinstance(incident, Incident) or not by.has_perm("outages.work"):
        return
    with suppress(TooLate), transaction.atomic():
        if acknowledge(incident, by, now):
            note(incident, now, "Acknowledged from the notice", by)


def work(incident: Incident, values: dict[str, Any], by: Any, now: datetime) -> bool:
    """Set how far the work is, its owner, the expected time, the sentence for callers; whether anything was new.

    Raises TooLate once the incident is over.
    """
    with transaction.atomic():
        return _change(_going_on(incident), values, by, now)


def _going_on(incident: Incident) -> Incident:
    row = Incident.objects.select_for_update(of=("self",)).select_related("equipment", "owner").get(pk=incident.pk)
    if row.closed_at:
        raise TooLate
    found: Incident = row
    return found


def _change(row: Incident, values: dict[str, Any], by: Any, now: datetime) -> bool:
    changes = {name: values[name] for name in FOLLOWED if name in values and getattr(row, name) != values[name]}
    if changes:
        for name, value in changes.items():
            setattr(row, name, value)
        row.changed_at = now
        row.save(update_fields=[*changes, "changed_at"])
        note(row, now, row.news, by)
        if "state" in changes and row.state != Incident.State.NEW:
            taken(row, by, now)
        live.bump("incidents")
    return bool(changes)


def say(incident: Incident, text: str, by: Any, now: datetime) -> None:
    """Add a line to the timeline of an incident."""
    with transaction.atomic():
        note(incident, now, text, by)
        live.bump("incidents")


def save_check(check: Check) -> None:
    """Save a check, so that it is looked at from now on."""
    with transaction.atomic():
        recording.alone()
        # Never its standing: what a sweep has judged since the row was read would be undone.
        check.save(update_fields=SET_BY_STAFF if check.pk else None)
        roster.tell_new_work()
        recording.stop_looking(timezone.now())


def add_equipment(equipment: Any, check: Check | None) -> Equipment:
    """Save new equipment (by its form) with its first check, if it has one."""
    with transaction.atomic():
        saved: Equipment = equipment.save()
        if check is not None:
            check.equipment = saved
            save_check(check)
    return saved


def delete_check(check: Check) -> None:
    """Stop looking and forget the readings. An outage that goes on ends with no closing reading; history stays."""
    with transaction.atomic():
        recording.alone()
        check.delete()
        roster.tell_new_work()
        recording.stop_looking(timezone.now(), [check.equipment_id])
