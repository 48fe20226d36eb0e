"""Conditions that events are made of: pure functions of an object before and after, and of what was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from notifications.events import Asked, Condition, Due

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
    """One of the fields has another value than before; each set of new values at its time is an occurrence."""

    def when(before: Any, after: Any, asked: Asked) -> Due | None:
        if before is None or after is None or not where(after, asked):
            return None
        new = [(name, getattr(after, name)) for name in fields if getattr(before, name) != getattr(after, name)]
        return Due(marks=(*new, getattr(after, "changed_at", None))) if new else None

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
