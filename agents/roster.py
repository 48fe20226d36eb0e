"""The roster: what is known of the agent "here", the server's own, and whether there is new work for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from agents.models import HERE, Agent, Lease, Silence
from agents.probes.readings import Reading
from notifications import engine, live
from notifications.models import Topic

LATE = timedelta(seconds=20)
# So much later it has to be late still before anybody is told: a machine that starts begins to look in that time.
SURE = timedelta(seconds=45)
SHOW_EVERY = timedelta(seconds=2)
NEW_WORK = "new work"


def here() -> Agent:
    """The agent that is this server."""
    return Agent.objects.get_or_create(name=HERE)[0]


def is_late(now: datetime) -> bool:
    """Has looking, or the looking at one of its shards, not been heard of for too long?"""
    seen = here().seen_at
    if seen is None or now - seen > LATE:
        return True
    heard = Lease.objects.filter(shard__lt=settings.SHARDS, until__gt=now - LATE)
    return settings.SHARDS > 1 and heard.count() < settings.SHARDS


def watch(now: datetime) -> bool:
    """See whether anybody looks, and tell that nobody does once it is sure; whether that is so.

    Not a part of looking: who has stopped cannot say so.
    """
    with transaction.atomic():
        agent = Agent.objects.select_for_update().get_or_create(name=HERE)[0]
        if agent.seen_at is None or now - agent.seen_at <= LATE:
            if agent.missed_at is not None and agent.late_since is None:
                _change(agent, now, missed_at=None)
            return False
        if agent.missed_at is None:
            _change(agent, now, missed_at=now)
        elif agent.late_since is None and now - agent.missed_at >= SURE:
            _change(agent, now, late_since=agent.seen_at)
    return agent.late_since is not None


def _change(agent: Agent, now: datetime, **values: Any) -> None:
    """Change a (locked) agent, and tell whoever wants to hear of it."""
    before = copy(agent)
    for name, value in values.items():
        setattr(agent, name, value)
    agent.save(update_fields=list(values))
    engine.consider([(before, agent)], now)


def simulate(on: bool) -> None:
    """Say whether an invented network runs on this host."""
    here()
    Agent.objects.filter(name=HERE).update(simulated=on)


def tell_new_work() -> None:
    """Say that checks were added or changed, so that those who look take them up at once."""
    live.bump(NEW_WORK)


def work_changes() -> int:
    """How often checks were added or changed: another number than before means new work."""
    return Topic.objects.filter(pk=NEW_WORK).values_list("changes", flat=True).first() or 0


def note_silence(agent: Agent, now: datetime) -> None:
    """Keep the time in which nobody looked, if this is the first sign of life after it."""
    if agent.seen_at is not None and now - agent.seen_at > LATE:
        Silence.objects.create(agent=agent, since=agent.seen_at, until=now)


def _tell(agent: Agent, trouble: dict[str, Any], now: datetime) -> None:
    """What a sign of life changes: it is late no more, and some way of looking works, or works no more."""
    before = copy(agent)
    before.trouble = trouble
    agent.late_since = agent.missed_at = None
    agent.save(update_fields=["late_since", "missed_at"])
    live.bump("alarms")
    engine.consider([(before, agent)], now)


def silences(since: datetime, now: datetime) -> list[tuple[datetime, datetime]]:
    """When nobody looked, from `since` to now: before the first time ever, in the gaps, and since the last sign."""
    agent = here()
    found = [(silence.since, silence.until) for silence in agent.silences.between(since, now)]
    if agent.first_seen_at is None or agent.first_seen_at > since:
        found.append((since, agent.first_seen_at or now))
    if agent.seen_at is not None and now - agent.seen_at > LATE:
        found.append((agent.seen_at, now))
    return found


@dataclass(slots=True)
class Report:
    """What a shift has done since it last said so; written each second."""

    swept_at: datetime | None = None
    count: int = 0
    trouble: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    # The probes that have anything to ask; the trouble of any other is over.
    used: set[str] | None = None
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
            agent = Agent.objects.select_for_update().get_or_create(name=HERE)[0]
            before, agent.trouble = agent.trouble, self.troubles(agent.trouble)
            note_silence(agent, now)
            agent.seen_at, agent.first_seen_at = now, agent.first_seen_at or now
            if self.swept_at:
                agent.swept_at, agent.swept_count = self.swept_at, self.count
            agent.save(update_fields=["first_seen_at", "seen_at", "swept_at", "swept_count", "trouble"])
            if before != agent.trouble or agent.missed_at is not None:
                _tell(agent, before, now)
            if self.swept_at and (self.shown_at is None or now - self.shown_at >= SHOW_EVERY):
                self.shown_at = now
                live.bump("looking")
        self.swept_at, self.count, self.trouble = None, 0, {}

    def troubles(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """The trouble that was known, and what came and went since: with its beginning, and its newest words."""
        # Another shard may use a probe that this one does not.
        mine = self.used is not None and settings.SHARDS == 1
        going_on = {probe: trouble for probe, trouble in known.items() if not mine or probe in (self.used or ())}
        for probe, trouble in self.trouble.items():
            if trouble is None:
                going_on.pop(probe, None)
            else:
                going_on[probe] = trouble | {"since": going_on.get(probe, trouble)["since"]}
        return going_on
