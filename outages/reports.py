"""What stands on a report of an object: what its page shows, as far as paper can."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from customers.models import Customer, Equipment, Site
from notifications.reports.making import Subject
from notifications.reports.sheet import MOST_ROWS, Sheet, Table, table
from outages.models import Incident, Outage, Source

Facts = list[tuple[str, str]]
OUTAGES = ("Equipment", "From", "To", "Lasted")


def moment(at: datetime | None) -> str:
    """A time in the zone of the house; nothing for None."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else ""


def facts(*pairs: tuple[str, Any]) -> Facts:
    """Those that have a value, as words."""
    return [(label, str(value)) for label, value in pairs if value not in (None, "")]


def customer(thing: Customer) -> Sheet:
    """A customer: how to reach them, what serves them, what was out."""
    address = ", ".join(filter(None, (thing.street, thing.town)))
    said = facts(
        ("State", "Archived" if thing.archived_at else thing.get_state_display()),
        ("Since", moment(thing.state_since)),
        ("Company", thing.company_name),
        ("Name", thing.person),
        ("Phone", thing.phone),
        ("E-mail", thing.email),
        ("Address", address),
        ("Account", thing.account),
        ("Tags", _tags(thing)),
        ("Notes", thing.notes),
        ("Added", moment(thing.created_at)),
    )
    return Sheet("Customer", str(thing), said, [_equipment(thing.equipment), _outages(thing.outages)])


def site(thing: Site) -> Sheet:
    """A site: where it is, what stands there, what was out."""
    said = facts(
        ("Kind", thing.get_kind_display()),
        ("Of", thing.customer),
        ("Address", ", ".join(filter(None, (thing.street, thing.town)))),
        ("On the map", f"{thing.latitude}, {thing.longitude}" if thing.latitude is not None else ""),
        ("Tags", _tags(thing)),
        ("Access", thing.notes),
        ("Added", moment(thing.created_at)),
    )
    return Sheet("Site", str(thing), said, [_equipment(thing.equipment), _outages(thing.outages)])


def equipment(thing: Equipment) -> Sheet:
    """A piece of equipment: what it is, how it is, what hangs on it, when it was out."""
    said = facts(
        ("State", "Archived" if thing.archived_at else thing.get_state_display()),
        ("Since", moment(thing.state_since)),
        ("Kind", thing.get_kind_display()),
        ("Make", f"{thing.vendor} {thing.model}".strip()),
        ("IP address", thing.address),
        ("MAC", thing.mac),
        ("Serial", thing.serial),
        ("Site", thing.site),
        ("Customer", thing.customer),
        ("Uplink", thing.uplink),
        ("Tags", _tags(thing)),
        ("Notes", thing.notes),
        ("Added", moment(thing.created_at)),
    )
    below = _equipment(thing.downlinks, "Directly below it")
    return Sheet("Equipment", str(thing), said, [*([below] if below.rows else []), _outages(thing.outages)])


def incident(thing: Incident) -> Sheet:
    """An incident: its cause, the work on it, whom it hurts."""
    said = facts(
        ("State", thing.get_state_display()),
        ("Began", moment(thing.opened_at)),
        ("Over", moment(thing.closed_at)),
        ("Lasted", thing.lasted or f"{thing.so_far} so far"),
        ("Cause", thing.equipment),
        ("Site", thing.equipment.site),
        ("Customers behind", thing.customers_behind),
        ("Sites behind", thing.sites_behind),
        ("Owner", thing.owner or "nobody yet"),
        ("Expected back", moment(thing.expected_at)),
        ("For callers", thing.sentence),
    )
    notes = [(moment(note.at), str(note.by or ""), note.text) for note in thing.notes.select_related("by")]
    story = table("Timeline", ("When", "Who", "What"), notes, len(notes))
    return Sheet("Incident", thing.title, said, [story, _outages(thing.outages, whose=True)])


def outage(thing: Outage) -> Sheet:
    """An outage: from when to when, and what was seen."""
    said = facts(
        ("Equipment", thing.equipment),
        ("Customer", thing.customer),
        ("Site", thing.site),
        ("From", moment(thing.started_at)),
        ("To", moment(thing.ended_at) or "it goes on"),
        ("Lasted", thing.lasted or f"{thing.so_far} so far"),
        ("First bad reading", (thing.opened_by or {}).get("message")),
        ("First good reading", (thing.closed_by or {}).get("message")),
        ("Incident", thing.incident),
    )
    return Sheet("Outage", str(thing.equipment), said)


def source(thing: Source) -> Sheet:
    """A source: where it is, and whether it answers. Its keys are nobody's to see."""
    said = facts(
        ("Kind", thing.get_kind_display()),
        ("Address", thing.address),
        ("State", thing.complaint if thing.state == Source.State.FAULTY else thing.get_state_display()),
        ("Since", moment(thing.state_since)),
        ("Asked", f"every {thing.interval} s" if thing.on else "it is switched off"),
        ("Synchronised", moment(thing.synced_at)),
    )
    return Sheet("Source", str(thing), said)


def _tags(thing: Any) -> str:
    return ", ".join(sorted(thing.tags.names()))


def _equipment(rows: Any, title: str = "Equipment") -> Table:
    found: QuerySet[Equipment] = rows.order_by("name", "pk")
    cells = (
        (one.name, one.get_kind_display(), one.address or "", one.get_state_display(), moment(one.state_since))
        for one in found[:MOST_ROWS]
    )
    return table(title, ("Name", "Kind", "IP address", "State", "Since"), cells, found.count())


def _outages(rows: Any, *, whose: bool = False) -> Table:
    found: QuerySet[Outage] = rows.once().select_related("equipment", "customer").order_by("-started_at", "-pk")
    headers = (*OUTAGES, "Customer") if whose else OUTAGES
    return table("Outages", headers, _cells(found[:MOST_ROWS], whose), found.count())


def _cells(rows: Iterable[Outage], whose: bool) -> Iterable[tuple[str, ...]]:
    for one in rows:
        cells = (str(one.equipment), moment(one.started_at), moment(one.ended_at), one.lasted or f"{one.so_far} so far")
        yield (*cells, str(one.customer or "")) if whose else cells


REPORTS = [
    Subject("customers.Customer", "customers.view", customer),
    Subject("customers.Site", "customers.view", site),
    Subject("customers.Equipment", "customers.view", equipment),
    Subject("outages.Incident", "outages.view", incident),
    Subject("outages.Outage", "outages.view", outage),
    Subject("outages.Source", "outages.view", source),
]
