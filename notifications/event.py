"""Events: the declared kinds of change that somebody may want to hear of. Each app lists its own in its events.py."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string

from notifications.asks import Ask as Ask


class Audience(Enum):
    """Whom an event may concern."""

    GENERAL = "general"
    PERSONAL = "personal"
    CUSTOMER = "customer"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Due:
    """A notice is wanted: `at` (None: at once), and `marks`, what makes this occurrence another one than the last.

    One that is told before something happens names the moment at which that is too late: `before`.
    """

    marks: tuple[object, ...] = ()
    at: datetime | None = None
    before: datetime | None = None


Asked = Mapping[str, Any]
Condition = Callable[[Any, Any, Asked], Due | None]
Timing = Callable[[Any, Asked], Iterable[Due]]


@dataclass(frozen=True)
class Event:
    """One kind of change of one model.

    `when` is pure: (before, after, asked) -> Due or None; before is None on create, after is None on delete. Instead,
    an event that waits for its time has `plans`, pure as well: (object, asked) -> what is due, and when, as long as
    the object stays as it is; `among` are the objects for which there may be something to plan. `says` is the text of
    the notice, with fields of `after` in braces. `tone` colours it: down, up or plain. `defaults` names the roles that
    hear of it without subscribing. `within` lists the models that its object belongs to, as the labels that `scopes()`
    gives: their pages offer this event, too. One that is `first` happens to an object before anybody could ask for it.
    `people` are the users whom an object involves; a PERSONAL event is told to nobody else. What the one subscription
    "operations" covers says so. `holds`, pure as `plans` is, gives what is true of an object already, each with the
    marks that it was told by when it became true: a subscriber may ask for that, too.
    """

    key: str
    of: str
    label: str
    says: str
    when: Condition | None = None
    plans: Timing | None = None
    among: Callable[[], models.QuerySet[Any]] | None = None
    asks: tuple[Ask, ...] = ()
    audience: Audience = Audience.GENERAL
    people: Callable[[Any], Iterable[Any]] | None = None
    tone: str = "plain"
    defaults: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    first: bool = False
    operations: bool = False
    holds: Timing | None = None

    def text(self, thing: models.Model) -> str:
        """The words of a notice about `thing`, at most 280 signs."""
        words = self.says.format(after=thing)
        return words if len(words) <= 280 else words[:279] + "…"

    def fields(self) -> list[str]:
        """The dotted names that `says` reads, each beginning with "after"; raises ValueError where it is malformed."""
        return [name for _, name, _, _ in string.Formatter().parse(self.says) if name is not None]

    def due(self, before: Any, after: Any, chosen: Asked) -> Due | None:
        """Is a notice wanted at once for this change?"""
        return None if self.when is None else self.when(before, after, self.asked(chosen))

    def asked(self, chosen: Asked) -> dict[str, Any]:
        """What a subscriber chose, with the defaults for what they left open."""
        return {ask.name: chosen.get(ask.name, ask.default) for ask in self.asks}


@cache
def declared() -> dict[str, Event]:
    """Every event of every app, by key, in the order of declaration; raises ValueError for a key declared twice."""
    found: dict[str, Event] = {}
    for path in settings.EVENTS:
        for event in import_string(path):
            if event.key in found:
                raise ValueError(f"the event {event.key} is declared twice")
            found[event.key] = event
    return found


@cache
def of(label: str) -> tuple[Event, ...]:
    """The events of one model, by its label ("outages.Incident")."""
    return tuple(event for event in declared().values() if event.of == label)


@cache
def timed() -> dict[str, Event]:
    """The events that wait for their time, by key."""
    return {key: event for key, event in declared().items() if event.plans is not None}


def of_one(label: str) -> list[Event]:
    """What there is to hear of one object of a model: the events concerning it but those that are over by then."""
    return [event for event in concerning(label) if not (event.first and event.of == label)]


@cache
def concerning(label: str) -> tuple[Event, ...]:
    """The events of one model, and of what belongs to it."""
    return tuple(event for event in declared().values() if label == event.of or label in event.within)
