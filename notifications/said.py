"""What a row of this floor is called in the log of who did what."""

from __future__ import annotations

from notifications import recipients
from notifications.event import declared
from notifications.models import Subscription


def subscription(row: Subscription) -> str:
    """A subscription as its recipient, its event and its object."""
    event = declared().get(row.event)
    label = event.label if event else row.event
    thing = f": {row.about}" if row.about is not None else ""
    return f"{recipients.name(row.recipient)}: {'not ' if row.off else ''}“{label}”{thing}"
