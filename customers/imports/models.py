"""A file between its upload and the word that imports it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from customers.imports.kinds import SORTS, Sort

# No step of the work takes that long; one that did not end will not.
STALLED_AFTER = timedelta(minutes=4)


class ImportRun(models.Model):
    """One file that somebody sent: what would come of it, and what came of it."""

    class State(models.TextChoices):
        """How far it is."""

        LOOKING = "looking", "Being looked through"
        READY = "ready", "Waiting for your word"
        WRITING = "writing", "Being imported"
        DONE = "done", "Imported"
        FAILED = "failed", "Not imported"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sort = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.LOOKING)
    file_name = models.CharField(max_length=120)
    path = models.CharField(max_length=300)
    rows = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    tell = models.BooleanField(default=False)  # those who subscribed hear of what comes of it
    ignored = models.JSONField(default=list)
    faults = models.JSONField(default=list)
    changes = models.JSONField(default=list)
    # What the preview found, in short: what is imported has to be exactly that.
    found = models.CharField(max_length=64, blank=True)
    said = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    moved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "import"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["created_at"], name="import_created")]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        """The page on which it is looked at and confirmed."""
        return reverse("import", args=[self.pk])

    @property
    def of(self) -> Sort:
        """The kind of thing that the file is of."""
        return SORTS[self.sort]

    @property
    def file(self) -> Path:
        """Where the file is kept meanwhile."""
        return Path(self.path)

    @property
    def good(self) -> int:
        """How many rows would change something."""
        return self.new + self.changed

    @property
    def works(self) -> bool:
        """Is it being worked on?"""
        return self.state in (self.State.LOOKING, self.State.WRITING) and not self.stalled(timezone.now())

    def stalled(self, now: datetime) -> bool:
        """Has the work on it stopped without a word?"""
        return self.state in (self.State.LOOKING, self.State.WRITING) and now - self.moved_at > STALLED_AFTER
