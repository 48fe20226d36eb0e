"""A finding: one thing that the health page looked at, how it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Details = tuple[tuple[str, str], ...]
# What to do where only the log knows.
LOG = "Look at what manage.py up has written since then."


class State(Enum):
    """How something is: its words, and the colour and icon that stand beside them."""

    WORKS = ("Works", "good", "circle-check")
    LOOK = ("Look at this", "warn", "alert-triangle")
    BROKEN = ("Broken", "bad", "circle-x")

    def __init__(self, label: str, colour: str, icon: str) -> None:
        self.label, self.colour, self.icon = label, colour, icon


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, in one sentence; `fix` is what to do, `details` are pairs of label and value."""

    state: State
    says: str
    fix: str = ""
    details: Details = ()


def works(says: str, details: Details = ()) -> Finding:
    """It does what it should."""
    return Finding(State.WORKS, says, details=details)


def look(says: str, fix: str, details: Details = ()) -> Finding:
    """It works, but somebody should look at it."""
    return Finding(State.LOOK, says, fix, details)


def broken(says: str, fix: str, details: Details = ()) -> Finding:
    """It does not work."""
    return Finding(State.BROKEN, says, fix, details)
