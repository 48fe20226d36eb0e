"""When whose turn is: plain values that a shift goes by."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agents.work import Job


@dataclass(order=True, slots=True)
class Turn:
    """A job in the queue of what is due, at epoch seconds; one that was moved since is passed over."""

    at: float
    key: int


@dataclass(frozen=True, slots=True)
class Flight:
    """A sweep in the air: its jobs, and when it was sent (epoch and monotonic seconds)."""

    jobs: list[Job]
    sent_at: float
    clock: float

    @property
    def batch(self) -> str:
        """The batch that it asks; "" where its targets are asked one by one."""
        return self.jobs[0].batch


def on_the_grid(now: float, interval: float) -> float:
    """The next multiple of the interval since the epoch."""
    return (math.floor(now / interval) + 1) * interval
