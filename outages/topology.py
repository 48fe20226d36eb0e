"""Topology: what hangs on what, and what therefore explains what. Pure functions over the tree of uplinks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from customers.equipment import uplinks as tree


class Standing(Enum):
    """What is known of a piece of equipment at the moment of the question."""

    UP = "up"  # a good reading since the child fell silent
    UNASKED = "unasked"  # believed up, and not asked since
    SUSPECT = "suspect"  # bad readings, not decided yet
    DOWN = "down"  # decided, with an open outage
    BLIND = "blind"  # not looked at, or never answered: it says nothing


def cause(equipment: int, uplinks: Mapping[int, int | None], standings: Mapping[int, Standing]) -> int | None:
    """The topmost equipment without a living one in between that is down with this one; itself where none is.

    None while an answer from above is still awaited. What is blind is looked through.
    """
    found = equipment
    for above in tree.above(uplinks, equipment):
        standing = standings.get(above, Standing.BLIND)
        if standing is Standing.DOWN:
            found = above
        elif standing is Standing.UP:
            return found
        elif standing in (Standing.SUSPECT, Standing.UNASKED):
            return None
    return found


def depth(equipment: int, uplinks: Mapping[int, int | None]) -> int:
    """How many pieces of equipment lie above."""
    return len(tree.above(uplinks, equipment))
