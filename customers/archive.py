"""Archiving: what history hangs on is put away, not deleted."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone

from notifications.observe import ObservedQuerySet


class Archive(ObservedQuerySet):
    """The vocabulary of things that can be archived."""

    def current(self) -> Self:
        """Those that are not archived."""
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        """Those that are."""
        return self.exclude(archived_at=None)

    def with_tags(self) -> Self:
        """With their tags, in one query for all."""
        return self.prefetch_related("tags")


class Archived(models.Model):
    """Something that can be put away and brought back."""

    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def age(self) -> str:
        """For how many days we have had it."""
        days = (timezone.now() - self.created_at).days
        return f"{days} day{'' if days == 1 else 's'}"
