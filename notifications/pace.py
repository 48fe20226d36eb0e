"""Pace: how much left by a channel of late, and until when whoever takes it asked us to wait."""

from __future__ import annotations

from django.db import models


class Pace(models.Model):
    """One row for each channel that is limited, and one for each host of a channel that asked us to slow down.

    `claimed` counts what was claimed to be sent, by the number of the five seconds (since 1970) in which it was.
    """

    channel = models.CharField(max_length=20)
    host = models.CharField(max_length=260, blank=True)
    claimed = models.JSONField(default=dict)
    closed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "host"], name="pace_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.host}".strip()
