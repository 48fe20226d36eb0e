"""The events of this floor: how Towerwatch itself fares."""

from config.checkups import Checkup
from notifications.conditions import Filter, created
from notifications.event import Event
from notifications.past import Made


def of_kind(kind: str) -> Filter:
    """Check-ups of one kind."""
    return lambda checkup, asked: checkup.kind == kind


EVENTS = [
    Event(
        "system.health_daily",
        of="config.Checkup",
        label="The check-up in the morning: how the network fares",
        when=created(of_kind(Checkup.Kind.DAILY)),
        past=Made("at"),
        first=True,
        says="{after.words}",
        operations=True,
    ),
    Event(
        "system.health_nightly",
        of="config.Checkup",
        label="The check-up at night: how Towerwatch itself does",
        when=created(of_kind(Checkup.Kind.NIGHTLY)),
        past=Made("at"),
        first=True,
        says="{after.words}",
        operations=True,
    ),
    Event(
        "system.backup",
        of="config.BackupRun",
        label="A backup was made, or could not be",
        when=created(),
        past=Made("at"),
        first=True,
        says="{after.words}",
        operations=True,
    ),
]
