"""The roster: what is known of the agent "here", the server's own, and whether there is new work for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agents.models import Agent
from agents.probes.readings import Reading
from notifications import live
from notifications.models import Topic

HERE = "here"
LATE = timedelta(seconds=20)
SHOW_EVERY = timedelta(seconds=2)
NEW_WORK = "new work"


def here() -> Agent:
    """The agent that is this server."""
    return Agent.objects.get_or_create(name=HERE)[0]


def is_late(now: datetime) -> bool:
    """Has looking not been heard of for too long?"""
    seen = here().seen_at
    return seen is None or now - seen > LATE


def simulate(on: bool) -> None:
    """Say whether an invented network runs on this host."""
    here()
    Agent.objects.filter(name=HERE).update(simulated=on)


def tell_new_work() -> None:
    """Say that checks were added or changed, so that those who look take them up at once."""
    live.bump(NEW_WORK)


@dataclass(slots=True)
class _Seen:
    changes: int | None = None


_seen = _Seen()


def new_work() -> bool:
    """Were checks added or changed since this process asked last?"""
    changes = Topic.objects.filter(pk=NEW_WORK).values_list("changes", flat=True).first()
    is_new, _seen.changes = changes != _seen.changes, changes
    return is_new


@dataclass(slots=True)
class Report:
    """What a shift has done since it last said so; written each second."""

    swept_at: datetime | None = None
    count: int = 0
    trouble: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    shown_at: datetime | None = None

    def swept(self, probe: str, readings: Sequence[Reading], now: datetime) -> None:
        """A sweep came back."""
        self.swept_at, self.count = now, self.count + len(readings)
        self.trouble[probe] = None

    def cannot(self, probe: str, why: str, now: datetime) -> None:
        """A probe could not ask."""
        self.trouble[probe] = {"why": why, "since": now.isoformat()}

    def write(self, now: datetime) -> None:
        """Write it down; trouble that goes on keeps its beginning."""
        with transaction.atomic():
            agent = here()
            troubled = set(agent.trouble)
            agent.seen_at = now
            if self.swept_at:
                agent.swept_at, agent.swept_count = self.swept_at, self.count
            for probe, trouble in self.trouble.items():
                if trouble is None:
                    agent.trouble.pop(probe, None)
                else:
                    agent.trouble.setdefault(probe, trouble)
            agent.save(update_fields=["seen_at", "swept_at", "swept_count", "trouble"])
            if troubled != set(agent.trouble):
                live.bump("alarms")
            if self.swept_at and (self.shown_at is None or now - self.shown_at >= SHOW_EVERY):
                self.shown_at = now
                live.bump("looking")
        self.swept_at, self.count, self.trouble = None, 0, {}
