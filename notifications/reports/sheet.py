"""What stands on a report: facts, then tables. Pure values that the floors above fill in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# So many rows of a table are on a report; that there are more is said.
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title; `left_out` says how many more there are."""

    title: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left_out: int = 0

    @property
    def rest(self) -> str:
        """That there is more, in words; nothing where all is here."""
        return f"and {self.left_out} more, on the page itself" if self.left_out else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One object: what kind of thing it is, what it is called, how it is, and what there is to it."""

    kind: str
    title: str
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """What stands around it: whose it is, where its page is, and when it was made, in words."""

    house: str
    link: str
    made: str


def table(title: str, headers: tuple[str, ...], rows: Iterable[tuple[str, ...]], count: int) -> Table:
    """A table of the first rows of `count`."""
    shown = [row for row, _ in zip(rows, range(MOST_ROWS), strict=False)]
    return Table(title, headers, shown, max(0, count - len(shown)))
