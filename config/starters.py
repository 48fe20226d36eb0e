"""What somebody new hears of for themselves: a small table by role, beside what everybody of the role hears of."""

from __future__ import annotations

from config.models import Role
from notifications import hearing
from notifications.event import OPERATIONS, declared

# Subscriptions of the person's own, which they change as they like; those that an administrator ticks are made.
STARTERS: dict[str, tuple[str, ...]] = {
    Role.ADMINISTRATOR: (OPERATIONS, "incident.changed"),
    Role.ENGINEER: (OPERATIONS, "incident.changed"),
    Role.OFFICE: ("incident.changed",),
    Role.TECHNICIAN: ("incident.opened", "incident.closed"),
    Role.MANAGER: ("incident.opened", "incident.closed", "system.health_daily"),
}


def of(role: str) -> list[tuple[str, str]]:
    """The events that a role begins with, as key and words; none that its everybody hears of already."""
    heard = {one.row.event for one in hearing.by(("role", role)) if one.row.object_id is None}
    keys = [key for key in STARTERS.get(role, ()) if key in declared() and key not in heard]
    return [(key, declared()[key].label) for key in keys]


def by_role(role: str) -> list[str]:
    """The words of the events that everybody of a role hears of."""
    return [one.event.label for one in hearing.by(("role", role)) if one.row.object_id is None]
