"""The events of this floor."""

from typing import Any

from notifications.conditions import changed, created, filled
from notifications.events import Ask, Asked, Event

EVERYTHING = ("customers.Equipment", "customers.Customer", "customers.Site")
AT_LEAST = Ask("at_least", "From how many customers on (towers, APs and links always)", default=5, minimum=1)


def matters(incident: Any, asked: Asked) -> bool:
    """Something that many share, or at least as many customers as were asked for."""
    return incident.joined_id is None and (incident.is_network or incident.customers_behind >= asked["at_least"])


EVENTS = [
    Event(
        "incident.opened",
        of="outages.Incident",
        within=EVERYTHING,
        label="An incident opened",
        when=created(matters),
        asks=(AT_LEAST,),
        says="{after.title}",
        tone="down",
        defaults=("administrator", "engineer", "office"),
    ),
    Event(
        "incident.changed",
        of="outages.Incident",
        within=EVERYTHING,
        label="Somebody worked on an incident",
        when=changed("state", "owner_id", "expected_at", "sentence", where=lambda i, a: i.closed_at is None),
        says="{after.title}: {after.news}",
    ),
    Event(
        "incident.closed",
        of="outages.Incident",
        within=EVERYTHING,
        label="An incident is over",
        when=filled("closed_at", matters),
        asks=(AT_LEAST,),
        says="{after.equipment.name} is back after {after.lasted}",
        tone="up",
        defaults=("administrator", "engineer", "office"),
    ),
    Event(
        "outage.opened",
        of="outages.Outage",
        within=EVERYTHING,
        label="A piece of equipment went down",
        when=created(),
        says="{after.equipment.name} is down",
        tone="down",
    ),
    Event(
        "outage.closed",
        of="outages.Outage",
        within=EVERYTHING,
        label="A piece of equipment came back",
        when=filled("ended_at"),
        says="{after.equipment.name} is back after {after.lasted}",
        tone="up",
    ),
]
