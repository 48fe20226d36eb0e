"""Notices of one matter, put together for the inbox: what one object and the whole it belongs to have been told of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from notifications import acknowledging
from notifications.models import Notice

Key = tuple[str, int]


@dataclass(frozen=True)
class Matter:
    """Notices that belong together, the newest first."""

    key: Key
    notices: list[Notice]

    @property
    def head(self) -> Notice:
        """The newest of those about the whole itself, as an incident is before its outages; or else the newest."""
        whole = (one for one in self.notices if one.about is not None and _key_of(one.about) == self.key)
        return next(whole, self.notices[0])

    @property
    def rest(self) -> list[Notice]:
        """The others, the newest first."""
        head = self.head
        return [notice for notice in self.notices if notice is not head]

    @property
    def keys(self) -> str:
        """The numbers of them all, as a form sends them."""
        return ",".join(str(notice.pk) for notice in self.notices)

    @property
    def unread(self) -> int:
        """How many are not read yet."""
        return sum(notice.read_at is None for notice in self.notices)

    @property
    def to_acknowledge(self) -> Notice | None:
        """The newest that is worth an acknowledgement and has none; nothing is, once the matter is over."""
        return None if self.is_over else next(filter(acknowledging.is_offered, self.notices), None)

    @property
    def acked(self) -> Notice | None:
        """The newest that was acknowledged."""
        return next((notice for notice in self.notices if notice.acked_at), None)

    @property
    def is_over(self) -> bool:
        """Is the whole of it over: by the object that the matter is named by, or else by all that is told of?"""
        things = [notice.about for notice in self.notices if notice.about is not None]
        whole = [thing for thing in things if _key_of(thing) == self.key]
        known = [thing for thing in whole or things if hasattr(thing, "is_over")]
        return all(thing.is_over for thing in known) if known else self.notices[0].tone == "up"


def together(notices: Iterable[Notice]) -> list[Matter]:
    """The matters of these notices (the newest first, their objects at hand), by the newest of each."""
    found: dict[Key, list[Notice]] = {}
    for notice in notices:
        found.setdefault(_key(notice), []).append(notice)
    return [Matter(key, mine) for key, mine in found.items()]


def _key(notice: Notice) -> Key:
    about: Any = notice.about
    # What somebody wrote stands by itself.
    if about is None or notice.is_written:
        return "notice", notice.pk
    return getattr(about, "part_of", None) or _key_of(about)


def _key_of(thing: Any) -> Key:
    return thing._meta.label, thing.pk
