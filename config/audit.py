"""The log of who changed what, read: one list over what the tables of changes and of acts keep, the newest first.

It is read from where one page ended, never by counting or skipping: a page costs the same however long the log is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.models import Q

from config.models import Option, User
from notifications.models import Act, Cover, Subscription, Turn
from outages.models import Check, Source

PER_PAGE, CHUNK = 50, 500
# Nobody's zone makes another year of it.
LATEST = datetime(9990, 1, 1, tzinfo=UTC)
ITSELF = "Towerwatch itself"
VERBS = {"+": "added", "~": "changed", "-": "deleted"}
ACTS = {
    "signed_in": "signed in",
    "export": "exported",
    "extend": "put off what is told if it lasts, of",
    "invited": "invited",
    "invited_again": "made a new link of the invitation of",
    "invitation_revoked": "took back the invitation of",
    "came_in": "came in by invitation",
    "knocked": "asked to be admitted",
    "admitted": "admitted",
    "refused": "did not admit",
    "token_made": "made an API token for",
    "token_revoked": "revoked an API token of",
    "password_set": "set a new password for",
    "password_link": "made a link to choose a password for",
    "recovery_codes_made": "made new recovery codes for",
    "second_factor_set_up": "set up a second factor for",
    "second_factor_taken_off": "took off the second factor of",
    "github_connected": "connected a GitHub account to",
    "github_disconnected": "disconnected a GitHub account from",
    "second_factor_reset": "took off the second factor of",
    "left": "ended the account of who left",
    "restored": "put back a backup",
    "backed_up": "asked for a backup",
    "backup_taken": "took away the backup",
    "released": "let go what was held back",
    "discarded": "discarded what was held back",
    "replayed": "sent once more",
    "letters_discarded": "discarded",
    "address_on": "turned on again the address",
    "anonymised": "took the name out of",
    "wrote": "wrote a notice about",
}


@dataclass(frozen=True, slots=True)
class Sort:
    """A kind of entries: its rows, and the fields that say what something new is like."""

    key: str
    label: str
    rows: Any
    at: str = "history_date"
    shown: tuple[str, ...] = ()


SORTS = (
    Sort("act", "What was done", Act, at="at"),
    Sort("user", "User", User.history.model, shown=("email", "role")),
    Sort("option", "Setting", Option.history.model, shown=("value",)),
    Sort("subscription", "Subscription", Subscription.history.model, shown=("asked", "tags_in", "tags_out")),
    Sort("turn", "Duty turn", Turn.history.model, shown=("rank", "from_day", "from_time", "to_day", "to_time")),
    Sort("cover", "Duty cover", Cover.history.model, shown=("rank", "starts_at", "ends_at", "note")),
    Sort("check", "Check and rule", Check.history.model, shown=("interval", "count", "window", "on")),
    Sort("source", "Source", Source.history.model, shown=("kind", "address", "interval", "count", "on")),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in the list: its time, and by what those of one moment are told apart."""

    at: datetime
    sort: int
    pk: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.sort}~{self.pk}"


def place(text: str) -> Place | None:
    """The place that such a text names; None for any other text."""
    try:
        at, sort, pk = text.split("~")
        found = Place(datetime.fromisoformat(at), int(sort), int(pk))
        fits = found.at.tzinfo is not None and found.at.astimezone(UTC) < LATEST
    except (ValueError, OverflowError):
        return None
    fits = fits and 0 <= found.sort < len(SORTS) and 0 <= found.pk < 2**63
    return found if fits else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the log is asked for: by whom (a pk; "itself"), of which kind, from when until before when."""

    who: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log in words; `changes` are those of its fields."""

    place: Place
    by: str
    kind: str
    verb: str
    about: str
    changes: list[str]
    address: str

    @property
    def at(self) -> datetime:
        """When it was."""
        return self.place.at

    @property
    def is_change(self) -> bool:
        """Is it of a row that was changed, and not of something that was done?"""
        return SORTS[self.place.sort].rows is not Act


def read(wanted: Wanted, most: int = PER_PAGE) -> tuple[list[Entry], Place | None]:
    """So many entries at most, and the place after which there are more (None: that is all)."""
    found: list[tuple[Place, Any]] = []
    for number, sort in enumerate(SORTS):
        if wanted.kind in ("", sort.key):
            rows = _rows(sort, number, wanted)[: most + 1]
            found += [(Place(getattr(row, sort.at), number, row.pk), row) for row in rows]
    found.sort(key=lambda one: (-one[0].at.timestamp(), one[0].sort, -one[0].pk))
    entries = [_entry(at, row) for at, row in found[:most]]
    return entries, entries[-1].place if len(found) > most else None


def everything(wanted: Wanted) -> Iterator[Entry]:
    """All that is asked for, read as it is taken."""
    more: Place | None = wanted.after
    while True:
        entries, more = read(replace(wanted, after=more), CHUNK)
        yield from entries
        if more is None:
            return


def _rows(sort: Sort, number: int, wanted: Wanted) -> models.QuerySet:
    rows: models.QuerySet = sort.rows.objects.order_by(f"-{sort.at}", "-pk")
    by = "by" if sort.rows is Act else "history_user"
    if wanted.who == "itself":
        rows = rows.filter(**{by: None, "by_name": ""})
    elif wanted.who:
        rows = rows.filter(**{by: wanted.who})
    if wanted.since:
        rows = rows.filter(**{f"{sort.at}__gte": wanted.since})
    if wanted.until:
        rows = rows.filter(**{f"{sort.at}__lt": wanted.until})
    return rows.filter(_beyond(sort, number, wanted.after)) if wanted.after else rows


def _beyond(sort: Sort, number: int, after: Place) -> Q:
    earlier = Q(**{f"{sort.at}__lt": after.at})
    if number < after.sort:
        return earlier
    same = Q(**{sort.at: after.at})
    # The first condition lets the index by time be used.
    bound = Q(**{f"{sort.at}__lte": after.at})
    return bound & (earlier | (same if number > after.sort else same & Q(pk__lt=after.pk)))


def _entry(at: Place, row: Any) -> Entry:
    sort = SORTS[at.sort]
    if isinstance(row, Act):
        verb = ACTS.get(row.what, row.what.replace("_", " "))
        return Entry(at, row.by_name or ITSELF, sort.label, verb, row.about, row.text.splitlines(), row.address or "")
    verb = VERBS[row.history_type]
    return Entry(at, row.by_name or ITSELF, sort.label, verb, row.about, list(_changes(sort, row)), "")


def _changes(sort: Sort, row: Any) -> Iterator[str]:
    # In the order of the fields: PostgreSQL keeps none.
    for field in (one for one in row._meta.concrete_fields if one.attname in row.changes):
        before, after = row.changes[field.attname]
        yield f"{_label(field)}: {_value(field, before)} → {_value(field, after)}"
    if row.history_type == "+":
        fields = [row._meta.get_field(name) for name in sort.shown]
        said = ((_label(field), _value(field, getattr(row, field.attname))) for field in fields)
        if text := ", ".join(f"{label}: {value}" for label, value in said if value != NOTHING):
            yield text


def _label(field: Any) -> str:
    text = str(field.verbose_name)
    return text[:1].upper() + text[1:]


NOTHING = "nothing"
WORDS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "yes" if value else "no",
    list: lambda value: ", ".join(map(str, value)),
    dict: lambda value: ", ".join(f"{key} {one}" for key, one in value.items()),
}


def _value(field: Any, value: Any) -> str:
    choices = dict(field.flatchoices or ())
    # What else JSON may hold, a list for one, cannot be asked for among the choices.
    if isinstance(value, str | int) and value in choices:
        return str(choices[value])
    return (WORDS.get(type(value), str)(value) if value is not None else "") or NOTHING
