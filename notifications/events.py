"""The events of this floor: what is told without a change of any object, and how telling itself fares."""

from typing import Any

from notifications.asks import Ask
from notifications.channels.channel import named
from notifications.conditions import crossed
from notifications.event import DIRECT, GENERAL, OPERATIONS, Asked, Audience, Due, Event


def turned_off(before: Any, after: Any, asked: Asked) -> Due | None:
    """An address was found not to work."""
    if before is None or after is None or before.off_at is not None or after.off_at is None:
        return None
    words = f"{named(after.channel).label} to {after.owner} does not work and was turned off: {after.off_reason}"
    return Due(marks=(after.off_at,), words=words)


EVENTS = [
    Event(
        GENERAL,
        of="notifications.Notice",
        label="General notices",
        audience=Audience.EVERYONE,
        says="{after.text}",
    ),
    Event(
        DIRECT,
        of="notifications.Notice",
        label="Somebody writes to me",
        audience=Audience.PERSONAL,
        says="{after.text}",
    ),
    Event(
        OPERATIONS,
        of="notifications.Notice",
        label="Operations: all of Towerwatch itself, its sources and its agents",
        says="{after.text}",
        defaults=("administrator", "engineer"),
    ),
    Event(
        "address.failed",
        of="notifications.Address",
        label="An address by which one of us is told does not work",
        when=turned_off,
        says="{words}",
        tone="down",
        operations=True,
    ),
    Event(
        "system.duplicates",
        of="notifications.Duplicates",
        label="Many notices were refused, for they had been told already",
        when=crossed("refused", "refused"),
        asks=(Ask("refused", "From so many of one event in an hour on", default=100, minimum=1),),
        says="“{after.called}”: {after.refused} notices within an hour were refused, for they had been told already",
        operations=True,
    ),
]
