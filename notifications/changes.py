"""What has changed of everybody's interest: the rows by which one process tells the others (see interest.py)."""

from __future__ import annotations

from django.db import models

from notifications.index import Place


class InterestChange(models.Model):
    """One subscription that came to stand somewhere, or stood there before."""

    token = models.CharField(max_length=16)
    everything = models.BooleanField(default=False)
    came = models.BooleanField(default=True)
    wish = models.PositiveBigIntegerField(default=0)
    event = models.CharField(max_length=60, blank=True)
    object_type_id = models.PositiveIntegerField(null=True)
    object_id = models.PositiveBigIntegerField(null=True)
    off = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.wish} {'came to' if self.came else 'left'} {self.event}"

    @classmethod
    def of(cls, place: Place, came: bool, token: str) -> InterestChange:
        """The row of one change."""
        kind, key = place.scope or (None, None)
        about = {"object_type_id": kind, "object_id": key}
        return cls(token=token, came=came, wish=place.wish, event=place.event, off=place.off, **about)

    @property
    def place(self) -> Place:
        """Where the subscription stands, or stood."""
        scope = None if self.object_id is None else (self.object_type_id or 0, self.object_id)
        return Place(self.wish, self.event, scope, self.off)
