"""The weekly rota, who stands in on some dates, and the steps that notices took because nobody answered."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from notifications.audit import History


class Rank(models.IntegerChoices):
    """Who is called first, and who after that."""

    FIRST = 1, "First"
    SECOND = 2, "Second"


class Day(models.IntegerChoices):
    """A day of the week, as datetime counts them."""

    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class Turn(models.Model):
    """Every week somebody is on duty from one time to another, by the clock of the house; equal ones: all week."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveSmallIntegerField("called", choices=Rank, default=Rank.FIRST)
    from_day = models.PositiveSmallIntegerField("from", choices=Day, default=Day.MONDAY)
    from_time = models.TimeField("at")
    to_day = models.PositiveSmallIntegerField("until", choices=Day, default=Day.MONDAY)
    to_time = models.TimeField("at")

    history = History("person", "rank", "from_day", "from_time", "to_day", "to_time")

    class Meta:
        ordering = ["rank", "from_day", "from_time", "pk"]
        verbose_name = "duty turn"

    def __str__(self) -> str:
        return f"{self.person}: {self.times}"

    @property
    def times(self) -> str:
        """From when until when, in words."""
        if (self.from_day, self.from_time) == (self.to_day, self.to_time):
            return f"all week, from {self.get_from_day_display()} {self.from_time:%H:%M}"
        begins = f"{self.get_from_day_display()} {self.from_time:%H:%M}"
        return f"{begins} to {self.get_to_day_display()} {self.to_time:%H:%M}"


class Covers(models.QuerySet["Cover"]):
    """The vocabulary of covers."""

    def between(self, since: datetime, until: datetime) -> Covers:
        """Those that touch a span of time."""
        return self.filter(ends_at__gt=since, starts_at__lt=until)


class Cover(models.Model):
    """From one time to another somebody stands in for whoever would have this rank by the rota."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveSmallIntegerField("called", choices=Rank, default=Rank.FIRST)
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until")
    note = models.CharField(max_length=200, blank=True)

    objects = Covers.as_manager()
    history = History("person", "rank", "starts_at", "ends_at", "note")

    class Meta:
        ordering = ["starts_at", "pk"]
        verbose_name = "duty cover"
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="cover_lasts")]
        indexes = [models.Index(fields=["ends_at"], name="cover_ends")]

    def __str__(self) -> str:
        return f"{self.person} stands in"


class Step(models.Model):
    """What became of a notice that nobody had acknowledged in time: one step of its way to somebody who does."""

    class Kind(models.TextChoices):
        """The steps, in their order."""

        LOUDER = "louder", "By a louder channel"
        NEXT = "next", "To the next person"
        EVERYBODY = "everybody", "To all administrators"
        ENDED = "ended", "Ended"

    notice = models.ForeignKey("notifications.Notice", on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    text = models.CharField(max_length=200)
    # The notice that the step wrote to somebody else.
    told = models.ForeignKey(
        "notifications.Notice", on_delete=models.SET_NULL, null=True, blank=True, related_name="told_by"
    )

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text
