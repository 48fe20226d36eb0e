"""Events: the declared kinds of change that somebody may want to hear of. Each app lists its own in its events.py."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string

from notifications.asks import Ask
from notifications.past import Past

# What is told without a subscription: what somebody wrote to somebody, and what everyone has.
DIRECT, GENERAL = "notice.direct", "notice.general"
# One subscription to this stands for every event that says so of itself.
OPERATIONS = "operations"


class Audience(Enum):
    """Whom an event may concern."""

    GENERAL = "general"
    PERSONAL = "personal"
    CUSTOMER = "customer"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Due:
    """A notice is wanted: `at` (None: at once), and `marks`, what makes this occurrence another one than the last.

    One that is told before something happens names the moment at which that is too late: `before`. `words` are what
    only the change itself can say, such as which fields are others now. Times without a zone are by the clock of the
    house.
    """

    marks: tuple[object, ...] = ()
    at: datetime | None = None
    before: datetime | None = None
    words: str = field(default="", compare=False)


def marked(marks: object) -> str:
    """Marks as one text: the same of an object in memory and of its row, whatever zone or digits were typed."""
    return json.dumps(marks, default=_mark)


def _mark(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return str(value.astimezone(UTC))
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


Asked = Mapping[str, Any]
Condition = Callable[[Any, Any, Asked], Due | None]
Timing = Callable[[Any, Asked], Iterable[Due]]


@dataclass(frozen=True)
class Event:
    """One kind of change of one model.

    `when` is pure: (before, after, asked) -> Due or None; before is None on create, after is None on delete. Instead,
    an event that waits for its time has `plans`, pure as well: (object, asked) -> what is due, and when, as long as
    the object stays as it is; `among` are the objects for which there may be something to plan. `says` is the text of
    the notice, with fields of `after` in braces, or the `words` of the change. `tone` colours it: down, up or plain.
    `defaults` names the roles (or "everybody") that hear of it without subscribing. `within` lists the models that its
    object belongs to, as the labels that `scopes()` gives: their pages offer this event, too. One that is `first`
    happens to an object before anybody could ask for it. `people` are the users whom an object involves; a PERSONAL
    event is told to nobody else. What the one subscription "operations" covers says so. `holds`, pure as `plans` is,
    gives what is true of an object already, each with the marks that it was told by when it became true: a subscriber
    may ask for that, too. `past` says how it is known when it happened before (see past.py).
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
    past: Past | None = None

    @property
    def happens(self) -> bool:
        """Does it come of a change, or of a time? Any other is told without a change of its object."""
        return self.when is not None or self.plans is not None

    @property
    def is_offered(self) -> bool:
        """May one subscribe to it? What is written to people, and what everyone has, is nobody's to ask for."""
        return self.happens or self.key == OPERATIONS

    def text(self, thing: models.Model, words: str = "") -> str:
        """The text of a notice about `thing`, at most 280 signs; `words` are those of the change."""
        text = self.says.format(after=thing, words=words)
        return text if len(text) <= 280 else text[:279] + "…"

    def fields(self) -> list[str]:
        """The dotted names that `says` reads, of "after" and "words"; raises ValueError where it is malformed."""
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
def meant(key: str) -> tuple[Event, ...]:
    """The events that a subscription to `key` hears of: that one, or all that are operations; none if not declared."""
    if key == OPERATIONS:
        return tuple(event for event in declared().values() if event.operations and event.happens)
    return (declared()[key],) if key in declared() else ()


def offered() -> dict[str, Event]:
    """The events that one may subscribe to, by key."""
    return {key: event for key, event in declared().items() if event.is_offered}


@cache
def of(label: str) -> tuple[Event, ...]:
    """The events of one model, by its label ("outages.Incident")."""
    return tuple(event for event in declared().values() if event.happens and event.of == label)


@cache
def timed() -> dict[str, Event]:
    """The events that wait for their time, by key."""
    return {key: event for key, event in declared().items() if event.plans is not None}


@cache
def through(key: str) -> frozenset[str]:
    """Of an event that waits for its time: the models by which its objects belong to others, and move with them."""
    event = declared()[key]
    paths = getattr(apps.get_model(event.of), "found_by", {}) if event.plans is not None else {}
    heads = {path.partition("__")[0] for path in paths.values() if "__" in path}
    return frozenset(label for label, path in paths.items() if path in heads)


def of_one(label: str) -> list[Event]:
    """What there is to hear of one object of a model: the events concerning it but those that are over by then."""
    return [event for event in concerning(label) if not (event.first and event.of == label)]


@cache
def concerning(label: str) -> tuple[Event, ...]:
    """The events of one model, and of what belongs to it."""
    return tuple(
        event for event in declared().values() if event.happens and (label == event.of or label in event.within)
    )
