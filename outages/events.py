"""The events of this floor."""

from typing import Any

from customers.events import life
from notifications.asks import Ask
from notifications.conditions import Filter, changed, created, filled, stands, still_empty
from notifications.event import Asked, Condition, Due, Event
from notifications.past import Filled, Lasted, Made
from outages.models import Incident, Outage

EVERYTHING = ("customers.Equipment", "customers.Customer", "customers.Site")
AT_LEAST = Ask("at_least", "From how many customers on (towers, APs and links always)", default=5, minimum=1)
MINUTES = Ask("minutes", "After so many minutes", default=60, minimum=1, maximum=60 * 24 * 365)


def matters(incident: Any, asked: Asked) -> bool:
    """Something that many share, or at least as many customers as were asked for."""
    return incident.joined_id is None and (incident.is_network or incident.customers_behind >= asked["at_least"])


def fell_silent(*, malformed: bool) -> Condition:
    """Staff are told of a fault of a source that sends nothing, or that sends what cannot be read."""

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        if before is None or after is None or before.is_silent or not after.is_silent:
            return None
        return Due(marks=(after.faulty_from,)) if after.is_malformed is malformed else None

    return when


def answers_again(before: Any, after: Any, asked: Asked) -> Due | None:
    """The fault of which staff were told is over."""
    if before is None or after is None or not before.is_silent or after.is_silent:
        return None
    return Due(marks=(before.faulty_from,))


def goes_on(incident: Any, asked: Asked) -> bool:
    """It is not over, and matters."""
    return incident.closed_at is None and matters(incident, asked)


def is_faulty(*, malformed: bool) -> Filter:
    """Staff were told of a fault of that kind, and it goes on."""
    return lambda source, asked: source.is_silent and source.is_malformed is malformed


EVENTS = [
    Event(
        "incident.opened",
        of="outages.Incident",
        people=Incident.involved,
        first=True,
        within=EVERYTHING,
        label="An incident opened",
        when=created(matters),
        past=Made("opened_at", related=("equipment",)),
        holds=stands(goes_on),
        among=Incident.objects.open,
        asks=(AT_LEAST,),
        says="{after.title}",
        tone="down",
        defaults=("administrator", "engineer", "office"),
    ),
    Event(
        "incident.changed",
        of="outages.Incident",
        people=Incident.involved,
        within=EVERYTHING,
        label="Somebody worked on an incident",
        when=changed("state", "owner_id", "expected_at", "sentence", where=lambda i, a: i.closed_at is None),
        says="{after.title}: {after.news}",
    ),
    Event(
        "incident.closed",
        of="outages.Incident",
        people=Incident.involved,
        within=EVERYTHING,
        label="An incident is over",
        when=filled("closed_at", matters),
        past=Filled("closed_at", related=("equipment",)),
        asks=(AT_LEAST,),
        says="{after.equipment.name} is back after {after.lasted}",
        tone="up",
        defaults=("administrator", "engineer", "office"),
    ),
    Event(
        "outage.opened",
        of="outages.Outage",
        people=Outage.involved,
        first=True,
        within=EVERYTHING,
        label="A piece of equipment went down",
        when=created(),
        past=Made("started_at", related=("equipment",)),
        holds=stands(lambda outage, asked: outage.ended_at is None),
        among=Outage.objects.open,
        says="{after.equipment.name} is down",
        tone="down",
    ),
    Event(
        "outage.closed",
        of="outages.Outage",
        people=Outage.involved,
        within=EVERYTHING,
        label="A piece of equipment came back",
        when=filled("ended_at", where=lambda outage, asked: not outage.stays_out),
        past=Filled("ended_at", related=("equipment",)),
        says="{after.equipment.name} is back after {after.lasted}",
        tone="up",
    ),
    Event(
        "incident.still_open",
        of="outages.Incident",
        people=Incident.involved,
        within=EVERYTHING,
        label="An incident is still open after a time",
        plans=still_empty("closed_at", since="opened_at", where=matters),
        past=Lasted("opened_at", "closed_at", related=("equipment",)),
        among=Incident.objects.open,
        asks=(MINUTES, AT_LEAST),
        says="{after.title}, and has been for {after.so_far}",
        tone="down",
    ),
    Event(
        "outage.still_open",
        of="outages.Outage",
        people=Outage.involved,
        within=EVERYTHING,
        label="A piece of equipment is still down after a time",
        plans=still_empty("ended_at", since="started_at"),
        past=Lasted("started_at", "ended_at", related=("equipment",)),
        among=Outage.objects.open,
        asks=(MINUTES,),
        says="{after.equipment.name} is still down, after {after.so_far}",
        tone="down",
    ),
    Event(
        "upstream.silent",
        of="outages.Source",
        label="A source does not answer",
        when=fell_silent(malformed=False),
        holds=stands(is_faulty(malformed=False), "faulty_from"),
        says="{after.complaint}",
        tone="down",
        operations=True,
    ),
    Event(
        "upstream.malformed",
        of="outages.Source",
        label="A source sends what cannot be read",
        when=fell_silent(malformed=True),
        holds=stands(is_faulty(malformed=True), "faulty_from"),
        says="{after.complaint}",
        tone="down",
        operations=True,
    ),
    Event(
        "upstream.answers",
        of="outages.Source",
        label="A source answers again",
        when=answers_again,
        says="{after.relief}",
        tone="up",
        operations=True,
    ),
    *life(
        "source",
        "outages.Source",
        "a source",
        ("name", "address", "verify_tls", "interval", "count", "on", "accepted_at"),
    ),
]
