"""What floor 3 gives an agent to do, and what it says to the readings that come back: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.probes.readings import Target, UpstreamError


@dataclass(frozen=True, slots=True)
class Job:
    """Ask `target` by `probe` every `interval` seconds; `soon`: its judging is under way, so ask at once.

    Jobs with the same `batch` ("source 3") are asked together, by one sweep at a time. Of a batch `asked_for` is a
    moment for which an answer out of turn was wished, `not_before` one before which it must be left alone (epoch s).
    """

    probe: str
    target: Target
    interval: float
    soon: bool = False
    batch: str = ""
    asked_for: float = 0.0
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do out of turn: ask a key again after so many seconds; do these jobs at once."""

    again: Mapping[int, float] = field(default_factory=dict)
    at_once: Sequence[Job] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one poll of a batch went: when it was asked (epoch s), how long it took, its targets, its fault if any."""

    batch: str
    asked_at: float
    seconds: float
    size: int
    fault: UpstreamError | None = None
