"""Check-ups: twice a day the doctor's findings are written down, and told to who wants to hear; and each backup.

In the morning with how the network fares, at night with how Towerwatch itself does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from notifications.observe import Observed

AGAIN = timedelta(hours=20)
NAMED = 6


class Checkup(Observed):
    """What was found at one time of a day."""

    class Kind(models.TextChoices):
        """Which of the two."""

        DAILY = "daily", "In the morning"
        NIGHTLY = "nightly", "At night"

    kind = models.CharField(max_length=10, choices=Kind)
    day = models.DateField()
    at = models.DateTimeField()
    looked_at = models.PositiveSmallIntegerField()
    trouble = models.JSONField(default=list)
    more = models.CharField(max_length=200, blank=True)

    class Meta(Observed.Meta):
        ordering = ["-at", "-pk"]
        verbose_name = "check-up"
        constraints = [models.UniqueConstraint(fields=["kind", "day"], name="checkup_once_a_day")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.day}"

    def get_absolute_url(self) -> str:
        """The page on which each finding has its fix."""
        return reverse("health")

    @property
    def words(self) -> str:
        """What was found, on one line."""
        return f"{self.verdict}. {self.more}".strip()

    @property
    def verdict(self) -> str:
        """Whether all is well, and what is not."""
        if not self.trouble:
            return f"All well: {self.looked_at} of {self.looked_at} findings"
        named, left = self.trouble[:NAMED], len(self.trouble) - NAMED
        count = len(self.trouble)
        rest = f" and {left} more" if left > 0 else ""
        return f"{count} need{'s' if count == 1 else ''} care: {', '.join(named)}{rest}"

    def scopes(self) -> list[tuple[str, int | None]]:
        """It belongs to nothing."""
        return []


class BackupRun(Observed):
    """That a backup was made, or why not; that it fails again within the night is no news."""

    at = models.DateTimeField()
    name = models.CharField(max_length=120, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True)

    class Meta(Observed.Meta):
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.words

    def get_absolute_url(self) -> str:
        """Where backups are listed."""
        return reverse("backups")

    @property
    def words(self) -> str:
        """What came of it, on one line."""
        if self.fault:
            return f"No backup was made: {self.fault}"
        return f"A backup was made: {self.name}, {filesizeformat(self.size)}".replace("\xa0", " ")

    def scopes(self) -> list[tuple[str, int | None]]:
        """It belongs to nothing."""
        return []


def note_backup(now: datetime, *, name: str = "", size: int = 0, fault: str = "") -> BackupRun | None:
    """Write down what came of a backup; None where the same fault was written down shortly before."""
    last = BackupRun.objects.first()
    if fault and last is not None and last.fault == fault[:300] and now - last.at < AGAIN:
        return None
    run: BackupRun = BackupRun.objects.create(at=now, name=name, size=size, fault=fault[:300])
    return run
