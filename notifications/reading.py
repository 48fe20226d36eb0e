"""Reading a notice: the one way in which it is no longer new."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from notifications import live
from notifications.models import Notice


def read(notice: Notice, person: Any, now: datetime) -> None:
    """Mark a notice of this user as read; the first time counts."""
    if notice.read_at is None and Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=now):
        live.bump(live.inbox(person.pk))
