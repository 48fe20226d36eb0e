"""What the invented network says of itself, in the words of the demo's page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from agents.simulated.control import ControlError, NotRunning
from customers.models import Equipment

BECAUSE = {"script": "the script", "hand": "somebody here"}


@dataclass(frozen=True, slots=True)
class Failed:
    """A device that is broken at this moment, by whom, and its row where it is still there."""

    name: str
    because: str
    equipment: Equipment | None


@dataclass(frozen=True, slots=True)
class Playing:
    """The state of the invented network; `trouble` says why there is none."""

    trouble: str = ""
    devices: int = 0
    failed: tuple[Failed, ...] = ()
    cut_off: int = 0
    paused: bool = False
    has_script: bool = False
    next_says: str = ""
    next_at: datetime | None = None
    next_in: float = 0.0


def look(ask: Callable[[dict[str, Any]], dict[str, Any]], tag: str) -> Playing:
    """Ask the network how it is; `tag` is what its rows carry."""
    try:
        return understand(ask({"command": "status"}), tag, timezone.now())
    except NotRunning:
        return Playing(trouble="The invented network is not running yet. It starts in a few seconds.")
    except ControlError as fault:
        return Playing(trouble=f"The invented network does not say how it is: {fault}")


def understand(status: dict[str, Any], tag: str, now: datetime) -> Playing:
    """A status as a page shows it."""
    script = status["script"] or {}
    step = script.get("next") or {}
    return Playing(
        trouble=status["trouble"],
        devices=status["devices"],
        failed=_failed(status["failed"], tag),
        cut_off=len(set(status["unreachable"]) - status["failed"].keys() - set(status["never_online"])),
        has_script=bool(script),
        paused=bool(script.get("paused")),
        next_says=step.get("says", ""),
        next_at=now + timedelta(seconds=step["in"]) if step and not script["paused"] else None,
        next_in=step.get("in", 0.0),
    )


def _failed(broken: dict[str, list[str]], tag: str) -> tuple[Failed, ...]:
    rows = {row.name: row for row in Equipment.objects.filter(name__in=broken, tags__name=tag)}
    return tuple(Failed(name, _because(who), rows.get(name)) for name, who in broken.items())


def _because(who: Iterable[str]) -> str:
    return " and ".join(BECAUSE[one] for one in who)
