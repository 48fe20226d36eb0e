"""What was told and swept: the mark of each notice stays as long as its object does, so it is never told again."""

from __future__ import annotations

import hashlib
import uuid

from django.contrib.contenttypes.models import ContentType
from django.db import models


class Told(models.Model):
    """The mark of a notice that is no more. There may be ten millions: a row is as small as it can be."""

    mark = models.UUIDField(primary_key=True, editable=False)
    object_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", db_index=False)
    object_id = models.PositiveBigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["object_type", "object_id"], name="told_object")]

    def __str__(self) -> str:
        return str(self.mark)


def mark(fingerprint: str) -> uuid.UUID:
    """A fingerprint in 16 octets: of ten millions two are alike once in 10^24 installations."""
    return uuid.UUID(bytes=hashlib.sha256(fingerprint.encode()).digest()[:16])
