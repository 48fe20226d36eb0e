"""Readings of checks, at times that a test names."""

from datetime import UTC, datetime, timedelta

import time_machine

from agents.probes.readings import Reading
from customers.models import Equipment
from outages import recording
from tests import make

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Desk:
    """Feeds readings at times that the test names, as looking would."""

    def __init__(self):
        self.advice = None

    def read(self, second, *, up=(), down=(), unknown=()):
        """What is advised after these readings, asked so many seconds after START."""
        at = START + timedelta(seconds=second)
        readings = [Reading(c.pk, True, at.timestamp(), ms=4.2) for c in up]
        readings += [Reading(c.pk, False, at.timestamp(), message="silent") for c in down]
        readings += [Reading(c.pk, None, at.timestamp(), message="not an address") for c in unknown]
        with time_machine.travel(at + timedelta(milliseconds=500), tick=False):
            self.advice = recording.record(readings)
        return self.advice


def check_of(**equipment):
    """A check of new equipment with an address of its own; interval, count and window are the check's."""
    rule = {name: equipment.pop(name) for name in ("interval", "count", "window") if name in equipment}
    number = Equipment.objects.count() + 1
    return make.check(make.equipment(**({"address": f"10.1.0.{number}"} | equipment)), **rule)
