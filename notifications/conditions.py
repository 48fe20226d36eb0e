"""Conditions that events are made of: pure functions of an object before and after, and of what was asked.

Those of events that wait for their time are functions of the object as it is: what is due, as long as it stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from notifications.event import Asked, Condition, Due, Timing

Filter = Callable[[Any, Asked], bool]


def anything(after: Any, asked: Asked) -> bool:
    """Let every object through."""
    return True


def created(where: Filter = anything) -> Condition:
    """The object was made, and passes `where`."""

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        return Due() if before is None and after is not None and where(after, asked) else None

    return when


def changed(*fields: str, where: Filter = anything) -> Condition:
    """One of the fields has another value than before; each set of new values at its time is an occurrence.

    The time is that of the model's own `changed_at`, or else that of the save.
    """

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        if before is None or after is None or not where(after, asked):
            return None
        new = [(name, getattr(after, name)) for name in fields if getattr(before, name) != getattr(after, name)]
        at = getattr(after, "changed_at", None) or getattr(after, "observed_at", None)
        return Due(marks=(*new, at)) if new else None

    return when


def deleted(where: Filter = anything) -> Condition:
    """The object is gone, and passed `where`."""

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        return Due() if after is None and before is not None and where(before, asked) else None

    return when


def tagged(tag: str = "tag") -> Condition:
    """A tag was put on it: the one that was asked for by the name of `tag`, or any."""

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        if before is None or after is None or not hasattr(after, "tag_names"):
            return None
        new = after.tag_names - before.tag_names
        wanted = {name for name in new if not asked[tag] or name.casefold() == asked[tag].strip().casefold()}
        return Due(marks=(*sorted(wanted), after.observed_at)) if wanted else None

    return when


def became(field: str, value: object, where: Filter = anything) -> Condition:
    """The field has `value` now and had another before; `<field>_since`, if the model keeps it, is the occurrence."""

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        if after is None or getattr(after, field) != value or not where(after, asked):
            return None
        if before is not None and getattr(before, field) == value:
            return None
        return Due(marks=(value, getattr(after, f"{field}_since", None)))

    return when


def filled(field: str, where: Filter = anything) -> Condition:
    """The field was empty and holds something now; what it holds is the occurrence."""

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        if before is None or after is None or getattr(before, field) is not None or not where(after, asked):
            return None
        value = getattr(after, field)
        return None if value is None else Due(marks=(value,))

    return when


def unchanged(field: str, *values: object, after: str = "minutes", where: Filter = anything) -> Timing:
    """`<field>_since` lies so many minutes back, as asked by `after`; with `values` only at one of these."""

    def plans(thing: Any, asked: Asked) -> Iterable[Due]:
        value, since = getattr(thing, field), getattr(thing, f"{field}_since")
        if since is None or (values and value not in values) or not where(thing, asked):
            return ()
        return (Due(marks=(value, since, asked[after]), at=since + timedelta(minutes=asked[after])),)

    return plans


def still_empty(field: str, since: str, after: str = "minutes", where: Filter = anything) -> Timing:
    """The field is empty for so many minutes after the time in the field `since`."""

    def plans(thing: Any, asked: Asked) -> Iterable[Due]:
        if getattr(thing, field) is not None or not where(thing, asked):
            return ()
        began = getattr(thing, since)
        return (Due(marks=(began, asked[after]), at=began + timedelta(minutes=asked[after])),)

    return plans


def ahead(field: str, leads: str = "minutes", where: Filter = anything) -> Timing:
    """So many minutes before the time in the field, once for each of the lead times that were asked for."""

    def plans(thing: Any, asked: Asked) -> Iterable[Due]:
        moment = getattr(thing, field)
        if moment is None or not where(thing, asked):
            return ()
        chosen = asked[leads] if isinstance(asked[leads], (list, tuple)) else [asked[leads]]
        return [Due((moment, lead), moment - timedelta(minutes=lead), before=moment) for lead in sorted(set(chosen))]

    return plans
