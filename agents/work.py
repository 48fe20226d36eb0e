"""What floor 3 gives an agent to do, and what it says to the readings that come back: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.probes.readings import Target


@dataclass(frozen=True, slots=True)
class Job:
    """Ask `target` by `probe` every `interval` seconds; `soon`: its judging is under way, so ask at once."""

    probe: str
    target: Target
    interval: float
    soon: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do out of turn: ask a key again after so many seconds; do these jobs at once."""

    again: Mapping[int, float] = field(default_factory=dict)
    at_once: Sequence[Job] = ()
