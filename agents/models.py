"""Agents: programs that look. The server's own is the one named "here"."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.urls import reverse

from notifications import house

HERE = "here"


class Agent(models.Model):
    """A program that looks, and what it last said of itself."""

    name = models.CharField(max_length=80, unique=True)
    first_seen_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    swept_at = models.DateTimeField(null=True, blank=True)
    swept_count = models.PositiveIntegerField(default=0)
    trouble = models.JSONField(default=dict, blank=True)
    # An invented network runs on this host: only then are loopback addresses worth asking.
    simulated = models.BooleanField(default=False)
    # Since when it has not been heard of, once that was found out a second time and told; and when it was first.
    late_since = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Where it is shown how it does."""
        return reverse("health")

    @property
    def called(self) -> str:
        """What it is called in a sentence."""
        return "Towerwatch itself" if self.name == HERE else f"The agent {self.name}"

    @property
    def lateness(self) -> str:
        """That it does not look, and since when, in words."""
        if self.late_since is None:
            return f"{self.called} looks"
        since = self.late_since.astimezone(house.zone())
        return f"{self.called} has looked at nothing since {since:%Y-%m-%d %H:%M:%S}: what is down now, nobody sees"

    def silent_for(self, until: datetime | None) -> str:
        """How long it was not heard of, in words."""
        if self.late_since is None or until is None:
            return "a time"
        minutes = int((until - self.late_since).total_seconds()) // 60
        return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


class Silences(models.QuerySet["Silence"]):
    """The vocabulary of silences."""

    def between(self, since: datetime, until: datetime) -> Silences:
        """Those that touch a span of time."""
        return self.filter(until__gt=since, since__lt=until)


class Silence(models.Model):
    """A time in which an agent was not looking: whatever was down then, nobody saw it."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="silences")
    since = models.DateTimeField()
    until = models.DateTimeField(db_index=True)

    objects = Silences.as_manager()

    class Meta:
        ordering = ["since"]

    def __str__(self) -> str:
        return f"{self.agent} was silent from {self.since:%F %T} to {self.until:%F %T}"


class Leases(models.QuerySet["Lease"]):
    """The vocabulary of leases."""

    def free(self, now: datetime) -> Leases:
        """Those that nobody holds at this moment."""
        return self.filter(models.Q(until=None) | models.Q(until__lte=now))


class Lease(models.Model):
    """A shard of the checks and who looks at it: held for seconds, renewed each second, taken over when it lapses."""

    shard = models.PositiveSmallIntegerField(primary_key=True)
    holder = models.CharField(max_length=32, blank=True)
    until = models.DateTimeField(null=True, blank=True)

    objects = Leases.as_manager()

    class Meta:
        ordering = ["shard"]

    def __str__(self) -> str:
        return f"shard {self.shard}"
