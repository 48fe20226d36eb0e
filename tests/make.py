"""Plain builders of what tests need: each gives what it is not told, and takes any field by name."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from config.models import User
from customers.meters import actions as meters
from customers.models import Contact, Customer, Equipment, MeterReading, Reminder, Site
from customers.reminders import actions as reminders
from outages.models import Check, Source, SourceLink

_numbers = count(1)


def user(role: str = "engineer", **fields: Any) -> User:
    """Somebody of the staff."""
    number = next(_numbers)
    named = {"email": f"{role}{number}@example.net", "name": f"{role.capitalize()} {number}", "role": role}
    return User.objects.create_user(**(named | fields))


def customer(name: str = "Dean Irvine", *, tags: str = "", **fields: Any) -> Customer:
    """A person; give `company_name` for a company."""
    given, _, family = name.partition(" ")
    found = Customer.objects.create(**({"given_name": given, "family_name": family} | fields))
    found.tags.add(*_words(tags))
    return found


def contact(of: Customer, name: str = "Rosa Field", **fields: Any) -> Contact:
    """Somebody to talk to at a customer."""
    return Contact.objects.create(customer=of, name=name, **fields)


def site(name: str = "", *, tags: str = "", **fields: Any) -> Site:
    """A tower."""
    found = Site.objects.create(name=name or f"Tower {next(_numbers)}", **fields)
    found.tags.add(*_words(tags))
    return found


def equipment(name: str = "", *, tags: str = "", **fields: Any) -> Equipment:
    """A CPE without an address."""
    found = Equipment.objects.create(name=name or f"CPE {next(_numbers)}", **fields)
    found.tags.add(*_words(tags))
    return found


def reading(of: Equipment, value: float | str, unit: str = "", **fields: Any) -> MeterReading:
    """What the meter of a piece of equipment says, in hours where it was never read."""
    fields.setdefault("read_at", timezone.now())
    reading = MeterReading(equipment=of, value=Decimal(str(value)), **fields)
    return meters.write(reading, unit or of.meter_unit or "h", timezone.now())


def reminder(user: User, text: str = "Call them back", *, by: User | None = None, **fields: Any) -> Reminder:
    """A reminder in an hour, of nothing; by oneself where nobody is named."""
    given = {"due_at": timezone.now() + timedelta(hours=1)} | fields
    return reminders.remind(text, user=user, by=by or user, **given)


def check(of: Equipment | None = None, **fields: Any) -> Check:
    """A ping every ten seconds, three bad readings in fifteen; of new equipment with an address where none is given."""
    number = next(_numbers)
    of = of or equipment(address=f"10.9.{number // 250}.{number % 250 + 1}")
    return Check.objects.create(equipment=of, **fields)


def source(name: str = "Main", **fields: Any) -> Source:
    """A UISP that has been accepted and is asked; nothing answers at its address where none is given."""
    given = {"name": name, "address": "http://127.0.0.1:1", "nms_key": "an-nms-key", "accepted_at": timezone.now()}
    return Source.objects.create(**(given | fields))


def source_link(
    source: Source, of: Equipment | Customer, remote_id: str, kind: str = "device", **fields: Any
) -> SourceLink:
    """What a source calls a piece of equipment, or a customer."""
    return SourceLink.objects.create(source=source, kind=kind, remote_id=remote_id, thing=of, **fields)


def followed(source: Source, of: Equipment, remote_id: str, kind: str = "device", **fields: Any) -> Check:
    """The check of equipment of which a source says how it is."""
    source_link(source, of, remote_id, kind)
    rule = {"interval": source.interval, "count": source.count, "window": source.window}
    return Check.objects.create(**({"equipment": of, "probe": source.kind} | rule | fields))


def _words(tags: str) -> list[str]:
    return [tag.strip() for tag in tags.split(",") if tag.strip()]
