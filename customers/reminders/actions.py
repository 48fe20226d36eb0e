"""What is done with reminders. Who is told of it, and when, follows from their events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from customers.reminders.models import Reminder
from notifications.models import Notice
from notifications.reading import read

LONGEST_ABOUT = 200


def remind(text: str, due_at: datetime, *, user: Any, by: Any, of: Any = None) -> Reminder:
    """Make a reminder for `user`, by `by`, of an object or of none."""
    reminder = Reminder(text=text, due_at=due_at, user=user, created_by=by)
    return put(reminder, of)


def put(reminder: Reminder, of: Any = None) -> Reminder:
    """Save a reminder as it is filled in; a new one may be of an object."""
    if of is not None:
        reminder.thing, reminder.about = of, str(of)[:LONGEST_ABOUT]
    reminder.save()
    return reminder


def done(reminder: Reminder, user: Any, now: datetime) -> None:
    """It is done with: nothing more is told of it, and what was told is read."""
    with transaction.atomic():
        _set_done(reminder, now)
        told = Notice.objects.to(user).unread().filter(event="reminder.imminent", object_id=reminder.pk)
        for notice in told:
            read(notice, user, now)


def undone(reminder: Reminder) -> None:
    """It is not done after all; it is told at its time where that is still to come."""
    _set_done(reminder, None)


def put_off(reminder: Reminder, until: datetime) -> None:
    """Another time for it; one that was done is open again."""
    reminder.due_at, reminder.done_at = until, None
    reminder.save(update_fields=["due_at", "done_at"])


def delete(reminder: Reminder) -> None:
    """Take it back."""
    reminder.delete()


def hand_over(user: Any, heir: Any) -> int:
    """Give the open reminders of who leaves to another, who is told of each; how many there are."""
    rows = list(Reminder.objects.open().filter(user=user).select_related("user", "created_by"))
    for reminder in rows:
        reminder.user = heir
        reminder.save(update_fields=["user"])
    return len(rows)


def _set_done(reminder: Reminder, at: datetime | None) -> None:
    if (reminder.done_at is None) != (at is None):
        reminder.done_at = at
        reminder.save(update_fields=["done_at"])
