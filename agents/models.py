"""Agents: programs that look. The server's own is the one named "here"."""

from __future__ import annotations

from datetime import datetime

from django.db import models


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

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


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
