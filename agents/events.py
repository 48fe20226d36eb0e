"""The events of this floor: how the agents that look fare."""

from typing import Any

from notifications.conditions import filled
from notifications.event import Asked, Due, Event


def returned(before: Any, after: Any, asked: Asked) -> Due | None:
    """An agent of which it was told that it is late looks again."""
    if before is None or after is None or before.late_since is None or after.late_since is not None:
        return None
    return Due(
        marks=(before.late_since,), words=f"{after.called} looks again, after {before.silent_for(after.seen_at)}"
    )


def cannot_look(before: Any, after: Any, asked: Asked) -> Due | None:
    """A way of looking does not work any more: what is known by it alone is not known now."""
    if before is None or after is None:
        return None
    new = sorted(after.trouble.keys() - before.trouble.keys())
    words = "; ".join(f"{way.upper()} cannot look: {after.trouble[way]['why']}" for way in new)
    return Due(marks=tuple((way, after.trouble[way]["since"]) for way in new), words=words) if new else None


EVENTS = [
    Event(
        "agent.late",
        of="agents.Agent",
        label="An agent does not look any more",
        when=filled("late_since"),
        says="{after.lateness}",
        tone="down",
        operations=True,
    ),
    Event(
        "agent.returned",
        of="agents.Agent",
        label="An agent looks again",
        when=returned,
        says="{words}",
        tone="up",
        operations=True,
    ),
    Event(
        "check.unknown",
        of="agents.Agent",
        label="A way of looking does not work, so that nothing is known by it",
        when=cannot_look,
        says="{words}",
        tone="down",
        operations=True,
    ),
]
