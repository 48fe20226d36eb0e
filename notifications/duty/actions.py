"""What is done to the rota. Whoever is put on duty, or taken off it, by somebody else is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from notifications import house, outbox
from notifications.duty.models import Cover, Turn


def save(row: Turn | Cover, by: Any, now: datetime) -> None:
    """Save a turn or a cover, and tell whom it puts on duty, or takes off it."""
    with transaction.atomic():
        before = type(row)._base_manager.select_related("person").filter(pk=row.pk).first() if row.pk else None
        row.save()
        if before is not None and before.person_id != row.person_id:
            _tell(before, f"{by} took you off duty: {words(before)}", by, now)
        if before is None or before.person_id != row.person_id or words(before) != words(row):
            _tell(row, f"{by} put you on duty: {words(row)}", by, now)


def remove(row: Turn | Cover, by: Any, now: datetime) -> None:
    """Take a turn or a cover out of the rota; once it is gone, nothing."""
    with transaction.atomic():
        found = type(row)._base_manager.select_for_update().filter(pk=row.pk).first()
        if found is not None:
            found.delete()
            _tell(row, f"{by} took you off duty: {words(row)}", by, now)


def forget(person: Any) -> int:
    """For somebody who leaves: they are on duty no more, from now on; how many turns and covers that ends."""
    turns, covers = Turn.objects.filter(person=person), Cover.objects.filter(person=person, ends_at__gt=timezone.now())
    with transaction.atomic():
        rows: list[models.Model] = [*turns, *covers]
        # One by one, so that the log has each.
        for row in rows:
            row.delete()
    return len(rows)


def words(row: Turn | Cover) -> str:
    """When, and called as which, in words."""
    rank = row.get_rank_display().lower()
    if isinstance(row, Turn):
        return f"{row.times}, every week, called {rank}"
    with timezone.override(house.zone()):
        begins, ends = (date_format(timezone.localtime(at), "D j M H:i") for at in (row.starts_at, row.ends_at))
    return f"{begins} to {ends}, called {rank}"


def _tell(row: Turn | Cover, text: str, by: Any, now: datetime) -> None:
    person: Any = row.person
    if person != by and person.is_active:
        outbox.tell([person], text, reverse("duty"), person, now)
