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

from notifications import audit, interest, recipients
from notifications.event import Audience, Event, concerning
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

    @cached_property
    def actor(self) -> Any:
        """The user who does what is happening; None where nobody does."""
        return audit.whoever()

    def involves(self, person: models.Model, event: Event) -> bool:
        """Is this person one of those whom the object involves? Of an event of what belongs to it: they may be."""
        if event.of != self.thing._meta.label:
            return True
        return event.people is not None and person in event.people(self.thing)

    def is_told(self, event: Event, person: models.Model, wish: Wish, off: set[Recipient]) -> bool:
        """Is this person told of an event, whom a wish means? See `dropped` for why not."""
        return not self.dropped(event, person, wish, off)

    def dropped(self, event: Event, person: models.Model, wish: Wish, off: set[Recipient]) -> str:
        """Why this person, whom a wish means, is not told of an event; nothing where they are."""
        own = recipients.own(person)
        if own is None:
            return ""
        if person.pk in self.muted:
            return "muted"
        if own in off and recipients.is_refusable(wish.recipient):
            return "off"
        if person == self.actor and not wish.own_acts:
            return "own act"
        personal = wish.involved or event.audience is Audience.PERSONAL
        return "not involved" if personal and not self.involves(person, event) else ""


def muted(thing: models.Model, person: models.Model, now: datetime) -> list[datetime | None]:
    """Until when (None: for good) this user hears nothing of an object, by each mute of it or of what it belongs to."""
    interest.wanted(thing._meta.label)
    mutes = interest.mutes()
    if not mutes:
        return []
    by = (mutes.get(scope, {}) for scope in Match(thing, now).scopes)
    return [until for found in by if person.pk in found and ((until := found[person.pk]) is None or now < until)]


def listeners(thing: models.Model, now: datetime) -> set[models.Model]:
    """Everybody who may be told something of this object or of what belongs to it."""
    interest.wanted(thing._meta.label)
    match = Match(thing, now)
    match.actor = None  # who looks is not who acts
    found = list(match.wishes(concerning(thing._meta.label)))
    people = recipients.resolve_all({wish.recipient for _, wishes, _ in found for wish in wishes})
    return {
        person
        for event, wishes, off in found
        for wish in wishes
        for person in people[wish.recipient]
        if not match.dropped(event, person, wish, off)
    }
