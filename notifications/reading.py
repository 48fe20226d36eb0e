"""What a reader does with their notices: read, put back to unread, put off until later."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from django.db import models

from notifications import live
from notifications.models import Notice, Notices

MORNING = time(8)
# What is on offer to put a notice off for, by the word that forms and the API say.
SNOOZES = {"hour": "For an hour", "tomorrow": "Until tomorrow, 8:00", "week": "For a week"}


def read(notice: Notice, person: Any, now: datetime) -> None:
    """Mark a notice of this user as read; the first time counts."""
    read_all(Notice.objects.filter(pk=notice.pk), person, now)


def read_all(notices: Notices, person: Any, now: datetime) -> int:
    """Mark these notices of this user as read; how many were not."""
    return _changed(notices.unread().update(read_at=now), person)


def unread(notices: Notices, person: Any) -> int:
    """Mark these notices of this user as new again; how many were read."""
    return _changed(notices.filter(read_at__isnull=False).update(read_at=None), person)


def snooze(notices: Notices, person: Any, until: datetime, now: datetime) -> int:
    """Take these notices of this user out of sight until then, when they are due again, and unread; how many.

    Only the inbox and its count are meant: what waits to be sent is sent, and what nobody acknowledges goes on.
    """
    if until <= now:
        raise ValueError("it can be put off to a later time only")
    return _changed(notices.filter(withdrawn_at=None).update(snoozed_until=until, due_at=until, read_at=None), person)


def unsnooze(notices: Notices, person: Any, now: datetime) -> int:
    """Show these snoozed notices of this user at once; how many."""
    return _changed(notices.snoozed(now).update(snoozed_until=None, due_at=now), person)


def until(choice: str, now: datetime, zone: tzinfo) -> datetime:
    """When what is put off comes back, by one of SNOOZES; raises KeyError for another word."""
    tomorrow = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), MORNING, zone)
    return {"hour": now + timedelta(hours=1), "tomorrow": tomorrow, "week": now + timedelta(days=7)}[choice]


def returning(now: datetime) -> bool:
    """Has anything come back that its reader's browsers do not know of yet?"""
    return _back(now).exists()


def bring_back(now: datetime, most: int = 1000) -> int:
    """Let the browsers of their readers know what has come back; how many notices."""
    rows = list(_back(now).order_by("snoozed_until").values_list("pk", "recipient_id")[:most])
    Notice.objects.filter(pk__in=[pk for pk, _ in rows], snoozed_until__lte=now).update(snoozed_until=None)
    live.bump(*(live.inbox(person) for _, person in rows))
    return len(rows)


def _back(now: datetime) -> models.QuerySet[Notice]:
    return Notice.objects.filter(snoozed_until__isnull=False, snoozed_until__lte=now)


def _changed(count: int, person: Any) -> int:
    if count:
        live.bump(live.inbox(person.pk))
    return count
