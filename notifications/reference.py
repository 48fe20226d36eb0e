"""The reference of all events: what each tells of, when, to whom, and what may be asked of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.apps import apps

from notifications import coverage
from notifications.event import Audience, Event, declared

AUDIENCES = {
    Audience.GENERAL: "Whoever subscribes",
    Audience.PERSONAL: "Those whom it involves",
    Audience.CUSTOMER: "Contacts of the customer",
    Audience.EVERYONE: "Everyone",
}
AT_ONCE, LEADS, DEADMAN, THRESHOLD = "at once", "lead times", "unless it changes", "threshold"
WRITTEN, SEVERAL = "written", "several events"
FILLED_IN = re.compile(r"\{([^{}]+)\}")
# By the function that made the condition; what an app made itself is at once, or after its time.
KINDS = {"crossed": THRESHOLD, "passed_multiple": THRESHOLD, "ahead": LEADS}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the reference; `listens` is how many users hear it of all objects, `of_some` of how many single."""

    event: Event
    kind: str
    of: str
    listens: int
    of_some: int

    @property
    def audience(self) -> str:
        """Whom it concerns, in words."""
        return AUDIENCES[self.event.audience]

    @property
    def asks(self) -> list[tuple[str, str]]:
        """What may be asked, and what is asked where nobody chose."""
        return [(ask.label, ask.words(ask.default)) for ask in self.event.asks]

    @property
    def says(self) -> str:
        """What it tells, with the name of what is filled in in brackets."""
        return FILLED_IN.sub(self._filled_in, self.event.says)

    def _filled_in(self, place: re.Match[str]) -> str:
        name = place[1].partition(":")[0].partition(".")[2] or place[1]
        return f"[{self.of.lower() if name in ('after', 'before') else name.replace('.', ' ').replace('_', ' ')}]"

    @property
    def text(self) -> str:
        """Everything that a search looks through."""
        return " ".join((self.event.key, self.event.label, self.of, self.kind, self.says)).casefold()


def entries(search: str = "") -> list[Entry]:
    """Every event in the order of declaration, with each of the words searched for in its name, key or text."""
    heard = {one.event.key: one for one in coverage.listening()}
    words = search.casefold().split()
    found = []
    for event in declared().values():
        one = heard.get(event.key)
        entry = Entry(event, kind(event), _of(event), len(one.people) if one else 0, one.of_some if one else 0)
        if all(word in entry.text for word in words):
            found.append(entry)
    return found


def kind(event: Event) -> str:
    """When an event is told: at once, ahead of its time, after a time unless it changes, or where a limit is passed."""
    if not event.happens:
        return SEVERAL if event.is_offered else WRITTEN
    made_by = getattr(event.when or event.plans, "__qualname__", "").split(".")[0]
    return KINDS.get(made_by, DEADMAN if event.plans is not None else AT_ONCE)


def _of(event: Event) -> str:
    name = str(apps.get_model(event.of)._meta.verbose_name)
    return name[:1].upper() + name[1:]
