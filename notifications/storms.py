"""Storms: what is remembered of one from digest to digest, one row for each person who was ever in one."""

from __future__ import annotations

from django.contrib.contenttypes.models import ContentType
from django.db import models


class Storm(models.Model):
    """When somebody was last told by a digest; whoever writes the next one holds this row (see delivery/storm.py)."""

    recipient_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    recipient_id = models.PositiveBigIntegerField()
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recipient_type", "recipient_id"], name="storm_once")]

    def __str__(self) -> str:
        return f"the storm of {self.recipient_type_id}-{self.recipient_id}"
