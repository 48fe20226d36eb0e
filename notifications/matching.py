"""Matching: which wishes an object meets, by what it belongs to and its tags, and who has turned away from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from taggit.models import TaggedItem

from notifications import interest, recipients
from notifications.event import Event, concerning
from notifications.index import Scope
from notifications.interest import Wish
from notifications.recipients import Recipient


class Match:
    """One object, while its events are gone through: what it belongs to and its tags are found once, if at all."""

    def __init__(self, thing: models.Model, now: datetime) -> None:
        self.thing: Any = thing
        self.now = now

    @cached_property
    def scopes(self) -> list[Scope]:
        """The object itself and what it belongs to (its customer, site, equipment), as (content type, pk)."""
        declared: list[tuple[str, int | None]] = getattr(self.thing, "scopes", list)()
        labels = [(self.thing._meta.label, self.thing.pk), *declared]
        types = ContentType.objects
        return [(types.get_by_natural_key(*label.lower().split(".")).pk, pk) for label, pk in labels if pk]

    @cached_property
    def tags(self) -> frozenset[str]:
        """The tags of the object and of what it belongs to, in small letters."""
        tagged = Q(*(Q(content_type=kind, object_id=pk) for kind, pk in self.scopes), _connector=Q.OR)
        return frozenset(map(str.casefold, TaggedItem.objects.filter(tagged).values_list("tag__name", flat=True)))

    @cached_property
    def muted(self) -> frozenset[int]:
        """The users who hear nothing of this object, or of what it belongs to, at this time."""
        mutes = interest.mutes()
        found = [mutes.get(scope, {}) for scope in self.scopes] if mutes else []
        return frozenset(user for by in found for user, until in by.items() if until is None or self.now < until)

    def wishes(self, events: Sequence[Event]) -> Iterator[tuple[Event, list[Wish], set[Recipient]]]:
        """For each event those who want it of the object, and those who want to hear nothing of it by their role."""
        keys = [event.key for event in events]
        met = interest.meet(keys, self.scopes if interest.is_scoped(keys) else ())
        for event in events:
            found = met.get(event.key, [])
            yield event, [wish for wish in found if not wish.off], {wish.recipient for wish in found if wish.off}

    def has_tags_for(self, wish: Wish) -> bool:
        """Does the object have one of the tags that were asked for, and none of those shut out?"""
        if wish.tags_in and not wish.tags_in & self.tags:
            return False
        return not (wish.tags_out and wish.tags_out & self.tags)

    def is_told(self, person: models.Model, wish: Wish, off: set[Recipient]) -> bool:
        """Is this person told, whom a wish means? Not who muted the object, or turned off what their role hears."""
        own = recipients.own(person)
        if own is None:
            return True
        return person.pk not in self.muted and (wish.recipient == own or own not in off)


def listeners(thing: models.Model, now: datetime) -> set[models.Model]:
    """Everybody who may be told something of this object or of what belongs to it."""
    interest.wanted(thing._meta.label)
    match = Match(thing, now)
    found = list(match.wishes(concerning(thing._meta.label)))
    people = recipients.resolve_all({wish.recipient for _, wishes, _ in found for wish in wishes})
    return {
        person
        for _, wishes, off in found
        for wish in wishes
        for person in people[wish.recipient]
        if match.is_told(person, wish, off)
    }
