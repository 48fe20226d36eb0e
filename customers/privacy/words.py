"""The words by which a customer is known, and texts without them. Pure: no database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

INSTEAD = "(a former customer)"
# A shorter name, such as "Ng", is meant only where it is written with its capitals.
PLAIN = 4


@dataclass(frozen=True, slots=True)
class Words:
    """`whole` are names, numbers and addresses as they are written; `single` the parts of a name."""

    whole: tuple[str, ...]
    single: tuple[str, ...]

    @classmethod
    def of(cls, whole: Iterable[str], single: Iterable[str]) -> Words:
        """Without doubles and empty ones, the longest first, so that none leaves a part of another behind."""
        return cls(_sorted(whole), _sorted(single))

    def cover(self, text: str, *, parts: bool = False) -> str:
        """The text with each of these covered; with `parts` the single names, too, as they are written."""
        for word in self.whole:
            text = _pattern(word, re.IGNORECASE if len(word) >= PLAIN else 0).sub(INSTEAD, text)
        for word in self.single if parts else ():
            text = _pattern(word, 0).sub(INSTEAD, text)
        return text

    def cover_all(self, value: Any, *, parts: bool = False) -> Any:
        """The same in every text inside a JSON value."""
        if isinstance(value, str):
            return self.cover(value, parts=parts)
        if isinstance(value, list):
            return [self.cover_all(one, parts=parts) for one in value]
        if isinstance(value, dict):
            return {name: self.cover_all(one, parts=parts) for name, one in value.items()}
        return value

    def are_in(self, name: str) -> bool:
        """Does a name, such as that of a device, hold one of these, however it is joined to other words?"""
        plain = _bare(name)
        return any(len(bare := _bare(word)) >= PLAIN and bare in plain for word in (*self.whole, *self.single))


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({word.strip() for word in words} - {""}, key=lambda word: (-len(word), word)))


def _pattern(word: str, flags: int) -> re.Pattern[str]:
    # A word's own sign at its edge, such as the + of a number, needs no end of a word beside it.
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", flags)
