"""The journal of readings, and the hours that it is folded into (see history.py)."""

from __future__ import annotations

from django.db import models


class Sweep(models.Model):
    """The readings of one sweep, packed: the journal, until it is folded into hours."""

    at = models.DateTimeField(db_index=True)
    readings = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.at:%F %T}"


class Hour(models.Model):
    """One check's readings of one hour, packed, with what charts of weeks and years need."""

    check_of = models.ForeignKey("outages.Check", on_delete=models.CASCADE, related_name="hours")
    start = models.DateTimeField(db_index=True)
    readings = models.BinaryField(default=b"")
    good = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    mean_ms = models.FloatField(null=True)
    max_ms = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["check_of", "start"], name="hour_once")]

    def __str__(self) -> str:
        return f"{self.start:%F %H}"
