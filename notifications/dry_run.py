"""The dry run: what a subscription would have sent in the last 30 days, had it been there."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from taggit.models import Tag, TaggedItem

from notifications import hearing, interest, outbox, recipients
from notifications.address import Reach
from notifications.event import Event, meant
from notifications.index import Scope
from notifications.interest import Wish
from notifications.matching import Match
from notifications.models import Subscription
from notifications.past import Happened, Span, model_of
from notifications.recipients import Recipient

DAYS = timedelta(days=30)
# What is counted, what is looked at for it, and what is shown.
MOST, LOOKED_AT, SHOWN = 500, 2_000, 20
PORTION = 500
WHY_NOT = {
    "muted": "of what is muted now",
    "off": "of what was turned off",
    "own act": "of what one does oneself",
    "not involved": "of what involves others",
    "nobody": "because nobody is meant at this moment",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One notice that would have been sent: of what object, and whom or what that belongs to."""

    at: datetime
    text: str
    link: str
    about: str


@dataclass(slots=True)
class DryRun:
    """What would have been sent.

    `first` are the newest; `more` where there are more than were counted, or where not every row of the time could be
    looked at (`partly`). `dropped` counts what would not have been told, by the reason; `not_kept` are the events of
    which nothing is known, `known` how many others there are. `ways` are the channels, in words.
    """

    people: int
    ways: list[str]
    unknown_tags: list[str]
    count: int = 0
    more: bool = False
    partly: bool = False
    known: int = 0
    first: list[Hit] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    not_kept: list[str] = field(default_factory=list)

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """How many would not have been told, and why, in words."""
        return [(count, WHY_NOT.get(reason, reason)) for reason, count in self.dropped.most_common()]


Found = tuple[Event, Happened]


def run(row: Subscription, now: datetime) -> DryRun:
    """What this subscription (which need not be saved) would have sent; a bounded number of queries and rows."""
    people = recipients.resolve(*row.recipient)
    found = DryRun(len(people), _ways(row, people), _unknown(row))
    interest.wanted("")  # takes in what was muted meanwhile
    hits: list[Found] = []
    for event in meant(row.event):
        if event.past is None:
            found.not_kept.append(event.label)
        else:
            found.known += 1
            hits += _of_event(event, row, people, found, now)
    hits.sort(key=lambda one: one[1].at, reverse=True)
    found.count, found.more = min(len(hits), MOST), found.partly or len(hits) > MOST
    found.first = _shown(hits[:SHOWN])
    return found


def _of_event(event: Event, row: Subscription, people: list[Any], found: DryRun, now: datetime) -> list[Found]:
    assert event.past is not None
    asked, span = event.asked(row.asked), Span(now - DAYS, now, LOOKED_AT + 1)
    rows = event.past.rows(event, asked, span, _narrowed(event, row))
    judge, hits = _Judge(event, row, people, now), []
    for start in range(0, min(len(rows), LOOKED_AT), PORTION):
        portion = rows[start : min(start + PORTION, LOOKED_AT)]
        happened = (one for each in portion for one in event.past.of_row(event, asked, span, each))
        hits += [(event, one) for one in judge.told(happened, found.dropped)]
        if len(hits) > MOST:
            return hits[: MOST + 1]
    found.partly = found.partly or len(rows) > LOOKED_AT
    return hits


class _Judge:
    """Goes through what happened as the engine would have: once for each occurrence, by scope, tags and person."""

    def __init__(self, event: Event, row: Subscription, people: list[Any], now: datetime) -> None:
        self.event, self.people, self.now = event, people, now
        self.scope: Scope | None = row.place.scope
        folded = [frozenset(map(str.casefold, tags)) for tags in (row.tags_in, row.tags_out)]
        self.wish = Wish(
            row.pk or 0, event.key, row.recipient, row.asked, tags_in=folded[0], tags_out=folded[1],
            involved=row.involved, own_acts=row.own_acts,
        )  # fmt: skip
        self.off = set() if row.recipient[0] == recipients.PERSON else _off(row)
        self.seen: set[tuple[Any, ...]] = set()

    def told(self, happened: Iterable[Happened], dropped: Counter[str]) -> Iterator[Happened]:
        """What would have been told of it; what would not is counted by its reason."""
        new = [one for one in happened if self._is_new(one)]
        for one, match in self._matches(new):
            if (self.scope is None or self.scope in match.scopes) and match.has_tags_for(self.wish):
                reason = self._reason(match)
                if reason:
                    dropped[reason] += 1
                else:
                    yield one

    def _is_new(self, one: Happened) -> bool:
        mark = (one.thing.pk, repr(one.due.marks))
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True

    def _matches(self, happened: Sequence[Happened]) -> list[tuple[Happened, Match]]:
        found = []
        for one in happened:
            match = Match(one.thing, self.now)
            match.actor = one.by
            found.append((one, match))
        if self.wish.tags_in or self.wish.tags_out:
            tags = tags_of({scope for _, match in found for scope in match.scopes})
            for _, match in found:
                match.tags = frozenset(tag for scope in match.scopes for tag in tags.get(scope, ()))
        return found

    def _reason(self, match: Match) -> str:
        """Why none of the people would have been told; nothing where one would have been."""
        reasons = [match.dropped(self.event, person, self.wish, self.off) for person in self.people]
        if not reasons:
            return "nobody"
        return Counter(reasons).most_common(1)[0][0] if all(reasons) else ""


def _off(row: Subscription) -> set[Recipient]:
    """Those who turned off what everybody of a role hears of."""
    rows = Subscription.objects.filter(event=row.event, off=True).filter(Q(object_id=None) | Q(object_id=row.object_id))
    return {one.recipient for one in rows if one.object_id is None or one.object_type_id == row.object_type_id}


def tags_of(scopes: Iterable[Scope]) -> dict[Scope, set[str]]:
    """The tags of many objects, in small letters; one query for each kind of them."""
    by_kind: dict[int, list[int]] = {}
    for kind, pk in scopes:
        by_kind.setdefault(kind, []).append(pk)
    found: dict[Scope, set[str]] = {}
    for kind, keys in by_kind.items():
        rows = TaggedItem.objects.filter(content_type=kind, object_id__in=keys)
        for pk, name in rows.values_list("object_id", "tag__name"):
            found.setdefault((kind, pk), set()).add(name.casefold())
    return found


def _narrowed(event: Event, row: Subscription) -> Q:
    """A condition that leaves all rows of what belongs to the one object, so that not every row is looked at."""
    if row.object_id is None:
        return Q()
    model, kind = model_of(event), ContentType.objects.get_for_id(row.object_type_id or 0).model_class()
    assert kind is not None
    path = "pk" if kind is model else getattr(model, "found_by", {}).get(kind._meta.label)
    return Q(**{path: row.object_id}) if path else Q()


def _ways(row: Subscription, people: list[Any]) -> list[str]:
    """By which channels it goes, in words."""
    channels = frozenset(row.channels) or interest.DEFAULTS
    by_owner: dict[tuple[int, int], list[Reach]] = {}
    for address in recipients.reached(people):
        by_owner.setdefault((address.owner_type_id, address.owner_id), []).append(address)
    names = {one.channel for rows in by_owner.values() for one in outbox.chosen(channels, rows)}
    return sorted(map(hearing.channel_label, names))


def _unknown(row: Subscription) -> list[str]:
    wanted = [*row.tags_in, *row.tags_out]
    if not wanted:
        return []
    known = set(map(str.casefold, Tag.objects.values_list("name", flat=True)))
    return [name for name in wanted if name.casefold() not in known]


def _shown(hits: Sequence[Found]) -> list[Hit]:
    whom = _whom([one.thing for _, one in hits])
    return [
        Hit(
            one.at,
            one.text or event.text(one.thing, one.due.words),
            getattr(one.thing, "get_absolute_url", str)(),
            names,
        )
        for (event, one), names in zip(hits, whom, strict=True)
    ]


def _whom(things: Sequence[Any]) -> list[str]:
    """For each object what it belongs to, in words; one query for each kind."""
    wanted = [[(label, pk) for label, pk in getattr(one, "scopes", list)() if pk] for one in things]
    keys: dict[str, set[int]] = {}
    for label, pk in itertools.chain.from_iterable(wanted):
        keys.setdefault(label, set()).add(pk)
    rows = {label: apps.get_model(label)._base_manager.in_bulk(found) for label, found in keys.items()}
    names = ([str(rows[label][pk]) for label, pk in scopes if pk in rows[label]] for scopes in wanted)
    return [", ".join(dict.fromkeys(found)) for found in names]
