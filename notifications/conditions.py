"""Conditions that events are made of: pure functions of an object before and after, and of what was asked.

Those of events that wait for their time are functions of the object as it is: what is due, as long as it stays so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from notifications.event import Asked, Condition, Due, Timing

Filter = Callable[[Any, Asked], bool]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MOST_NAMED = 4


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
        names = [_called(after, name) for name, _ in new]
        return Due(marks=(*new, _changed_at(after)), words=changed_words(names)) if new else None

    return when


def changed_words(names: Sequence[str]) -> str:
    """Which fields changed, in a sentence: by name while they are few, and else how many with the first of them."""
    if len(names) > MOST_NAMED:
        return f"{len(names)} fields changed: {', '.join(names[:MOST_NAMED])}, …"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) + " changed"


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
        # By all that was put on: who asks for one of them and for any hears of the one act once.
        return Due(marks=(*sorted(new), after.observed_at), words=", ".join(sorted(wanted))) if wanted else None

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


def crossed(field: str, limit: str, falling: bool = False, where: Filter = anything) -> Condition:
    """The number in the field has come to the one asked for by the name of `limit`, and had not before.

    `falling`: from above. Each crossing is an occurrence, by its value at its time: that of the model's own
    `<field>_at` or `changed_at`, or else that of the save. An empty field has come to nothing.
    """
    there = past(field, limit, falling, where)

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        if after is None or (before is not None and _is_past(before, field, asked[limit], falling)):
            return None
        return next(iter(there(after, asked)), None)

    return when


def past(field: str, limit: str, falling: bool = False, where: Filter = anything) -> Timing:
    """What `crossed` would have told of an object: the number in the field is where it was to come to."""

    def plans(thing: Any, asked: Asked) -> Iterable[Due]:
        if not _is_past(thing, field, asked[limit], falling) or not where(thing, asked):
            return ()
        return (Due(marks=(getattr(thing, field), _changed_at(thing, field))),)

    return plans


def passed_multiple(field: str, every: str, where: Filter = anything) -> Condition:
    """The number in the field has risen to another multiple of the one asked for by the name of `every`, or over some.

    Each step is told once, however many multiples it passes. A first number has risen from nowhere; one that falls (a
    meter that was replaced) tells nothing, and what it passes from there is told again. Occurrences are as `crossed`
    has them.
    """

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        if before is None or after is None or not where(after, asked):
            return None
        was, now = (_multiple(getattr(thing, field), asked[every]) for thing in (before, after))
        if was is None or now is None or now <= was:
            return None
        return Due(marks=(getattr(after, field), _changed_at(after, field)))

    return when


def stands(where: Filter = anything, *marks: str) -> Timing:
    """What an event without a time of its own would have told of an object: it passes `where`.

    `marks` are the fields that made the occurrence, in order; `created` has none.
    """

    def plans(thing: Any, asked: Asked) -> Iterable[Due]:
        return (Due(marks=tuple(getattr(thing, name) for name in marks)),) if where(thing, asked) else ()

    return plans


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


def ahead(field: str, leads: str = "minutes", where: Filter = anything, unit: timedelta = MINUTE) -> Timing:
    """So many minutes (or other units) before the time in the field, once for each of the lead times asked for.

    A day counts from its midnight by the clock of the house.
    """

    def plans(thing: Any, asked: Asked) -> Iterable[Due]:
        moment = getattr(thing, field)
        if moment is None or not where(thing, asked):
            return ()
        chosen = asked[leads] if isinstance(asked[leads], (list, tuple)) else [asked[leads]]
        late = _by_clock(moment)
        return [Due((moment, lead), late - lead * unit, before=late) for lead in sorted(set(chosen))]

    return plans


def aged(field: str = "created_at", days: str = "days", where: Filter = anything) -> Timing:
    """So many days after the time (or the day) in the field, for as long as the object is not archived."""

    def plans(thing: Any, asked: Asked) -> Iterable[Due]:
        began = getattr(thing, field)
        if began is None or getattr(thing, "archived_at", None) is not None or not where(thing, asked):
            return ()
        return (Due((began, asked[days]), _by_clock(began) + asked[days] * DAY),)

    return plans


def _by_clock(moment: date) -> datetime:
    """A time as it is; the midnight of a day without a zone, which means the clock of the house."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time.min)


def _changed_at(thing: Any, field: str = "") -> Any:
    """When the object came to be as it is: by the model, which may know it of the field, or by the save."""
    names = [f"{field}_at", "changed_at", "observed_at"] if field else ["changed_at", "observed_at"]
    return next(filter(None, (getattr(thing, name, None) for name in names)), None)


def _called(thing: Any, name: str) -> str:
    """What a field is called; the name itself where the object is no model's."""
    meta = getattr(thing, "_meta", None)
    return str(meta.get_field(name).verbose_name) if meta else name.replace("_", " ")


def _number(value: Any) -> Fraction | None:
    number = None if value is None else Decimal(str(value))
    return None if number is None or not number.is_finite() else Fraction(number)


def _is_past(thing: Any, field: str, limit: Any, falling: bool) -> bool:
    value, limit = _number(getattr(thing, field)), _number(limit)
    if value is None or limit is None:
        return False
    return bool(value <= limit if falling else value >= limit)


def _multiple(value: Any, every: Any) -> int | None:
    value, every = _number(value), _number(every)
    return None if value is None or not every or every < 0 else math.floor(value / every)
