"""Judging: from readings and a rule to up or down. Pure: no database, no clock."""

from __future__ import annotations

import math
from dataclasses import dataclass

NEW, UP, DOWN = "new", "up", "down"
# Readings further apart than the rule explains are not readings in a row: nobody was looking in between.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Rule:
    """`count` readings in a row within `window` seconds decide; `interval` is the usual time between readings."""

    count: int
    window: float
    interval: float

    @property
    def spacing(self) -> float:
        """Seconds between readings while it is being decided: never slower than usual."""
        return min(self.interval, self.window / self.count)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a check: its state, and the times (epoch s) of the readings in a row that contradict it."""

    state: str
    run: tuple[float, ...] = ()

    @property
    def settled(self) -> bool:
        """Up, and nothing contradicts it."""
        return self.state == UP and not self.run


def judge(standing: Standing, up: bool, at: float, rule: Rule) -> Standing:
    """The standing after one more reading, asked at `at` (epoch s); the same object where nothing has changed.

    What has never answered stays new until its first good reading, whatever else is read.
    """
    if standing.run and at <= standing.run[-1]:
        return standing  # late or doubled: a later reading has been judged already
    if standing.state == NEW:
        return Standing(UP) if up else standing
    if up == (standing.state == UP):
        return Standing(standing.state) if standing.run else standing
    run = (*_fresh(standing.run, at, rule), at)[-rule.count :]
    if len(run) == rule.count and at - run[0] <= rule.window:
        return Standing(UP if up else DOWN)
    return Standing(standing.state, run)


def restarted(standing: Standing, at: float, rule: Rule) -> bool:
    """Is a contradicting reading at `at` the first of a run?"""
    return not _fresh(standing.run, at, rule)


def _fresh(run: tuple[float, ...], at: float, rule: Rule) -> tuple[float, ...]:
    return run if run and at - run[-1] <= rule.window + rule.interval + PATIENCE else ()


def fault(rule: Rule, reading_seconds: float) -> str | None:
    """Why a rule cannot work, in words for its form; None where it can.

    `reading_seconds` is how long one bad reading takes: so many of them must fit into the window.
    """
    if rule.count < 1 or rule.window <= 0 or rule.interval <= 0:
        return "Readings, seconds and interval must be above zero."
    needed = math.ceil(rule.count * reading_seconds)
    if rule.window < needed:
        return (
            f"{rule.count} readings do not fit into {rule.window:g} s: a bad reading takes {reading_seconds:g} s here. "
            f"Allow {needed} s or more, or ask for fewer readings."
        )
    return None
