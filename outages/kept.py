"""What others sent, as it is kept for good: in a shape that every database holds, and not too large. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

LONGEST_TEXT = 300
# Of one reading. A device of UISP with its interfaces takes 2 to 10 kB.
LARGEST = 32_000
DEEPEST = 20


def plain(value: Any, depth: int = 0) -> Any:
    """The value without what JSON in a database cannot be: a NUL, half a surrogate pair, a number that is none.

    PostgreSQL's jsonb refuses each of them, SQLite the last. What lies too deep, or is no JSON, is left as its words.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth < DEEPEST and isinstance(value, Mapping):
        return {_text(str(name)): plain(each, depth + 1) for name, each in value.items()}
    if depth < DEEPEST and isinstance(value, (list, tuple)):
        return [plain(each, depth + 1) for each in value]
    return _text(str(value))[:LONGEST_TEXT]


def _text(text: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\x00", "")


def bounded(values: Mapping[str, Any], largest: int = LARGEST) -> dict[str, Any]:
    """The values in a shape that can be kept; where they are too large, the largest are left out, and named."""
    found: dict[str, Any] = plain(values)
    size, left_out = _size(found), []
    if size > largest:
        for part, path in sorted(_parts(found), key=lambda each: -each[0]):
            if size <= largest:
                break
            _drop(found, path)
            left_out.append(".".join(path)[:LONGEST_TEXT])
            size -= part
    return found | {"left out": left_out[:20]} if left_out else found


def _size(value: Any) -> int:
    return len(json.dumps(value))


def _parts(found: Mapping[str, Any]) -> list[tuple[int, tuple[str, ...]]]:
    """The size and the place of every value, and of every value within an object."""
    parts: list[tuple[int, tuple[str, ...]]] = []
    for name, value in found.items():
        if isinstance(value, dict):
            parts += [(_size(each) + len(inner), (name, inner)) for inner, each in value.items()]
        else:
            parts.append((_size(value) + len(name), (name,)))
    return parts


def _drop(found: dict[str, Any], path: tuple[str, ...]) -> None:
    *outer, name = path
    for each in outer:
        found = found[each]
    del found[name]
