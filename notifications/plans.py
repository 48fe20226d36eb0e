"""Plans: what will be told at its time unless its object changes. Each change brings them in line with what is wanted.

That reconciling is the deadman switch: a change that negates what was planned takes the plan away, the next one that
arms it makes another. When its time has come, the object is read again under a lock, and only what is still so is told.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, models

from notifications import house, interest
from notifications.event import Due, Event, marked, of
from notifications.interest import Wish
from notifications.matching import Match
from notifications.models import Plan

log = logging.getLogger(__name__)

PORTION = 500
# After a start: what is known is old, and readings have to come in before anything is told that has lasted too long.
GRACE = timedelta(seconds=60)
PUT_OFF = timedelta(minutes=10)
Key = tuple[int, str, int, int, str]
Change = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that is not saved yet, with what it is of; `late` if it is told also where its time has passed."""

    plan: Plan
    due: Due
    late: bool

    @property
    def key(self) -> Key:
        """What there is one plan of."""
        return key_of(self.plan)

    def is_ahead(self, now: datetime) -> bool:
        """Is its time still to come?"""
        return self.plan.due_at > now

    def is_worth_it(self, now: datetime) -> bool:
        """Is it to be told, at its time or at once? What is told ahead of a moment is until that has come."""
        if self.is_ahead(now):
            return True
        return self.late if self.due.before is None else self.due.before > now


def reconcile(changes: Sequence[Change], now: datetime) -> None:
    """After these changes (before, after), in the caller's transaction: plan what is wanted now and was not planned."""
    by_label: dict[str, list[Change]] = defaultdict(list)
    for before, after in changes:
        by_label[(after if after is not None else before)._meta.label].append((before, after))
    for label, found in by_label.items():
        events = [event for event in of(label) if event.plans is not None]
        if events and interest.asks_for(event.key for event in events):
            settle_changes(events, found, now)


def settle_changes(events: Sequence[Event], changes: Sequence[Change], now: datetime) -> None:
    """The same for these events, and for changes of one model."""
    kind = ContentType.objects.get_for_model(changes[0][1] if changes[0][1] is not None else changes[0][0])
    keys = [(after if after is not None else before).pk for before, after in changes]
    there = {key_of(plan): plan for plan in _plans_of(kind, keys, events)}
    wanted: dict[Key, Planned] = {}
    old: set[Key] = set()
    for before, after in changes:
        found = {one.key: one for one in _wanted(after, kind, events, now)}
        wanted |= found
        old |= found.keys() if before is after else {one.key for one in _wanted(before, kind, events, now)}
    # What was due before this change was told, or was too late to be told, then.
    new = {key: one for key, one in wanted.items() if one.is_ahead(now) or (key not in old and one.is_worth_it(now))}
    settle(there, new, wanted.keys(), now)


def settle(there: Mapping[Key, Plan], new: Mapping[Key, Planned], kept: Collection[Key], now: datetime) -> None:
    """Add what is new and not there, drop what is not to be kept.

    What is there stays, and is due when it is due now (by another time zone of the house it is), unless it was put off.
    """
    gone = [plan.pk for key, plan in there.items() if key not in kept]
    for start in range(0, len(gone), PORTION):
        Plan.objects.filter(pk__in=gone[start : start + PORTION]).delete()
    _move([(there[key], one.plan.due_at) for key, one in new.items() if key in there and one.is_ahead(now)])
    missing = [one.plan for key, one in new.items() if key not in there]
    Plan.objects.bulk_create(missing, ignore_conflicts=True, batch_size=PORTION)


def _move(there: Iterable[tuple[Plan, datetime]]) -> None:
    moved = [(plan, due_at) for plan, due_at in there if plan.due_at != due_at and not plan.extended_why]
    for plan, due_at in moved:
        plan.due_at = due_at
    Plan.objects.bulk_update((plan for plan, _ in moved), ["due_at"], batch_size=PORTION)


def _wanted(thing: Any, kind: ContentType, events: Sequence[Event], now: datetime) -> Iterator[Planned]:
    if thing is None:
        return
    match = Match(thing, now)
    for event, wishes, _ in match.wishes(events):
        for wish in wishes:
            try:
                yield from list(planned(kind, event, wish, match))
            except DatabaseError:
                raise
            except Exception:
                # It must not keep the change from being saved; what was planned by it is planned anew each night.
                log.exception("%s could not be planned by the subscription %s", event.key, wish.pk)


def planned(kind: ContentType, event: Event, wish: Wish, match: Match) -> Iterator[Planned]:
    """The plans of one subscription for one object, as if there were none."""
    for due in dues(event, wish, match):
        key = {"object_type": kind, "object_id": match.thing.pk, "mark": mark(due)}
        plan = Plan(subscription_id=wish.pk, event=event.key, due_at=_moment(due), **key)
        # What was true before somebody asked for it is told to who asked for that, too.
        yield Planned(plan, due, late=wish.now_too or wish.since is None or plan.due_at >= wish.since)


def dues(event: Event, wish: Wish, match: Match) -> list[Due]:
    """What a subscription waits for of an object as it is, with the times settled.

    Of several lead times that have passed only the last counts.
    """
    timing = event.plans or event.holds
    if timing is None or not match.has_tags_for(wish):
        return []
    found = [_settled(due, match.now) for due in timing(match.thing, event.asked(wish.asked))]
    begun = [due for due in found if due.before is not None and due.at is not None and due.at <= match.now]
    last = max(begun, key=_moment, default=None)
    return [due for due in found if due not in begun or due is last]


def _settled(due: Due, now: datetime) -> Due:
    """With times that have a zone: what says none goes by the clock of the house, what has no time is due now."""
    at, before = (
        moment if moment is None or moment.tzinfo else moment.replace(tzinfo=house.zone())
        for moment in (due.at or now, due.before)
    )
    return replace(due, at=at, before=before)


def _moment(due: Due) -> datetime:
    assert due.at is not None
    return due.at


def free(model: Any) -> models.QuerySet[Any]:
    """The objects of a model that nobody is changing, as they are and under a lock; with what they belong to.

    Whoever changes an object holds it and then its plans. Nobody else may wait for an object while holding anything.
    """
    owners = [path for path in getattr(model, "found_by", {}).values() if "__" not in path]
    rows: models.QuerySet[Any] = model._base_manager.select_related(*owners) if owners else model._base_manager
    return rows.select_for_update(of=("self",), skip_locked=True)


def mark(due: Due) -> str:
    """What makes this occurrence another one than the last, in 64 signs."""
    return hashlib.sha256(marked(due.marks).encode()).hexdigest()


def key_of(plan: Plan) -> Key:
    """What there is one plan of."""
    return plan.subscription_id, plan.event, plan.object_type_id, plan.object_id, plan.mark


def _plans_of(kind: ContentType, keys: Sequence[int], events: Iterable[Event]) -> Iterator[Plan]:
    names = [event.key for event in events]
    for start in range(0, len(keys), PORTION):
        portion = keys[start : start + PORTION]
        yield from Plan.objects.filter(object_type=kind, object_id__in=portion, event__in=names)


def hold(now: datetime) -> int:
    """At a start: nothing that came due meanwhile is told before its object could be looked at again."""
    return Plan.objects.due(now + GRACE).update(due_at=now + GRACE)
