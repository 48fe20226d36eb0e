"""Turns, and notices that go on to somebody else, as tests need them."""

from datetime import UTC, datetime, time, timedelta
from itertools import count

from django.contrib.contenttypes.models import ContentType

from notifications import outbox
from notifications.models import Address, Notice, Turn
from tests import make

NOW = datetime(2026, 5, 5, 12, 0, tzinfo=UTC)
numbers = count(1)


def all_week(person, rank=1):
    """Somebody is on duty at any time."""
    return Turn.objects.create(person=person, rank=rank, from_time=time(0), to_time=time(0))


def road(person, channel="webpush", **fields):
    """A way to somebody, besides their inbox and their e-mail."""
    value = f"https://push.example/{next(numbers)}"
    given = {"owner_type": ContentType.objects.get_for_model(person), "owner_id": person.pk, "verified_at": NOW}
    return Address.objects.create(**(given | {"channel": channel, "value": value} | fields))


def told(person, about=None, after=5, now=NOW, **fields):
    """A notice that goes on after so many minutes (None: never), with its deliveries in the outbox."""
    about = about or make.equipment()
    row = outbox.written(person, f"{about} is down", "/", about, now)
    given = {"event": "incident.opened", "tone": "down", "escalate_after": after}
    given |= {"escalate_at": now + timedelta(minutes=after) if after is not None else None}
    for name, value in (given | fields).items():
        setattr(row, name, value)
    channels = fields.pop("channels", None)
    outbox.post([outbox.Letter(row, person, *([frozenset(channels)] if channels else []))], now)
    return Notice.objects.get(fingerprint=row.fingerprint)
