"""The index of interest: which subscriptions an event of an object meets, in as little memory as a million may take.

It holds keys only; what a subscription says is read when it is met, and kept for the next time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

Scope = tuple[int, int]
TYPES = 1 << 12


class Place(NamedTuple):
    """Where a subscription stands: its event, and what it is about (None: all objects of the kind)."""

    wish: int
    event: str
    scope: Scope | None
    off: bool


def packed(scope: Scope) -> int:
    """A content type and a key in one number, which takes half the memory of a pair."""
    kind, key = scope
    return key * TYPES + kind


@dataclass(slots=True)
class Listeners:
    """The subscriptions of one event: to all objects of its kind, and to single ones."""

    to_all: tuple[int, ...] = ()
    to_one: dict[int, int | tuple[int, ...]] = field(default_factory=dict)
    asking: int = 0  # those that are not off

    def of(self, scopes: Iterable[Scope]) -> list[int]:
        """The keys of the subscriptions that an object of these scopes meets."""
        found = list(self.to_all)
        if self.to_one:
            for kind, key in scopes:
                there = self.to_one.get(key * TYPES + kind)
                if there is not None:
                    found += there if isinstance(there, tuple) else (there,)
        return found

    def add(self, place: Place) -> None:
        """Take a subscription in; nothing where it is known."""
        known = self._at(place)
        if place.wish not in known:
            self._put(place, (*known, place.wish))
            self.asking += not place.off

    def remove(self, place: Place) -> None:
        """Forget a subscription; nothing where it is not known."""
        known = self._at(place)
        if place.wish in known:
            self._put(place, tuple(wish for wish in known if wish != place.wish))
            self.asking -= not place.off

    def _at(self, place: Place) -> tuple[int, ...]:
        if place.scope is None:
            return self.to_all
        there = self.to_one.get(packed(place.scope), ())
        return there if isinstance(there, tuple) else (there,)

    def _put(self, place: Place, wishes: tuple[int, ...]) -> None:
        if place.scope is None:
            self.to_all = wishes
        elif not wishes:
            self.to_one.pop(packed(place.scope), None)
        else:
            # Most objects have one listener: a bare number instead of a tuple of one saves a third.
            self.to_one[packed(place.scope)] = wishes[0] if len(wishes) == 1 else wishes
