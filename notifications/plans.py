"""Plans: what will be told at its time unless its object changes. Each change brings them in line with what is wanted.

That reconciling is the deadman switch: a change that negates what was planned takes the plan away, the next one that
arms it makes another. When its time has come, the object is read again under a lock, and only what is still so is told.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q

from notifications import interest
from notifications.event import Due, Event, declared, of, timed
from notifications.interest import Wish
from notifications.matching import Match
from notifications.models import Plan, Subscription

log = logging.getLogger(__name__)

PORTION = 500
# A save that was under way while a new subscription was planned may not have seen it: it is planned once more.
AGAIN = timedelta(seconds=10)
# After a start: what is known is old, and readings have to come in before anything is told that has lasted too long.
GRACE = timedelta(seconds=60)
PUT_OFF = timedelta(minutes=10)
Key = tuple[int, int, int, str]


def reconcile(changes: Sequence[tuple[Any, Any]], now: datetime) -> None:
    """After these changes (before, after), in the caller's transaction: plan what is wanted now and was not planned."""
    by_label: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    for before, after in changes:
        by_label[(after if after is not None else before)._meta.label].append((before, after))
    for label, found in by_label.items():
        events = [event for event in of(label) if event.plans is not None]
        if events and interest.asks_for(event.key for event in events):
            _reconcile(events, found, now)


def _reconcile(events: Sequence[Event], changes: Sequence[tuple[Any, Any]], now: datetime) -> None:
    kind = ContentType.objects.get_for_model(changes[0][1] if changes[0][1] is not None else changes[0][0])
    keys = [(after if after is not None else before).pk for before, after in changes]
    there = {_key(plan): plan for plan in _plans_of(kind, keys, events)}
    wanted: dict[Key, tuple[Plan, Due]] = {}
    before_too: set[Key] = set()
    for before, after in changes:
        if after is not None:
            wanted |= {_key(plan): (plan, due) for plan, due in _wanted(after, kind, events, now)}
        if before is not None:
            before_too |= {_key(plan) for plan, _ in _wanted(before, kind, events, now)}
    _settle(there, wanted, before_too, now)


def _settle(there: dict[Key, Plan], wanted: dict[Key, tuple[Plan, Due]], old: set[Key], now: datetime) -> None:
    """Add what is missing, drop what is wanted no more. What is equal stays, also where it was put off."""
    gone = [plan.pk for key, plan in there.items() if key not in wanted]
    if gone:
        Plan.objects.filter(pk__in=gone).delete()
    new = [
        plan
        for key, (plan, due) in wanted.items()
        # What was due before this change was told, or was too late to be told, then.
        if key not in there and (plan.due_at > now or (key not in old and due.before is not None and due.before > now))
    ]
    Plan.objects.bulk_create(new, ignore_conflicts=True, batch_size=PORTION)


def _wanted(thing: Any, kind: ContentType, events: Sequence[Event], now: datetime) -> Iterator[tuple[Plan, Due]]:
    match = Match(thing, now)
    for event, wishes, _ in match.wishes(events):
        for wish in wishes:
            yield from _planned(thing, kind, event, wish, match)


def _planned(thing: Any, kind: ContentType, event: Event, wish: Wish, match: Match) -> Iterator[tuple[Plan, Due]]:
    if event.plans is None or not match.has_tags_for(wish):
        return
    for due in event.plans(thing, event.asked(wish.asked)):
        assert due.at is not None, f"{event.key} plans without a time"
        row = Plan(subscription_id=wish.pk, event=event.key, object_type=kind, object_id=thing.pk, mark=mark(due))
        row.due_at = due.at
        yield row, due


def mark(due: Due) -> str:
    """What makes this occurrence another one than the last, in 64 signs."""
    return hashlib.sha256(json.dumps(due.marks, default=str).encode()).hexdigest()


def _key(plan: Plan) -> Key:
    return plan.subscription_id, plan.object_type_id, plan.object_id, plan.mark


def _plans_of(kind: ContentType, keys: Sequence[int], events: Iterable[Event]) -> Iterator[Plan]:
    names = [event.key for event in events]
    for start in range(0, len(keys), PORTION):
        portion = keys[start : start + PORTION]
        yield from Plan.objects.filter(object_type=kind, object_id__in=portion, event__in=names)


def plan_new(now: datetime) -> int:
    """Plan the subscriptions that are new or were edited over the rows that exist; how many these were."""
    rows = list(_to_plan(now)[:20])
    for row in rows:
        plan_over(row, now)
        # By the plain manager: nobody's interest has changed.
        mine = Subscription._base_manager.filter(pk=row.pk, planned=row.planned)
        mine.update(planned=row.planned + 1, planned_at=now)
    return len(rows)


def plan_all(now: datetime) -> int:
    """Plan every subscription that waits for a time over all rows: the safety net; how many these are."""
    rows = list(Subscription.objects.filter(event__in=timed(), off=False))
    for row in rows:
        plan_over(row, now)
    return len(rows)


def unplanned(now: datetime) -> bool:
    """Is there a subscription that is new or was edited, and not planned yet?"""
    return _to_plan(now).exists()


def _to_plan(now: datetime) -> models.QuerySet[Subscription]:
    again = Q(planned=1, planned_at__lte=now - AGAIN)
    return Subscription.objects.filter(Q(planned=0) | again, event__in=timed(), off=False)


def plan_over(row: Subscription, now: datetime) -> None:
    """Bring the plans of one subscription in line with all objects that exist; in portions, each its transaction."""
    event = declared()[row.event]
    interest.wanted(event.of)
    model: Any = apps.get_model(event.of)
    things = event.among() if event.among else model._base_manager.all()
    kind = ContentType.objects.get_for_model(model)
    last = 0
    while portion := list(things.filter(pk__gt=last).order_by("pk")[:PORTION]):
        last = portion[-1].pk
        with transaction.atomic():
            # As they are now, under a lock: a change between two looks at it would be planned by what it was.
            locked = model._base_manager.select_for_update().filter(pk__in=[thing.pk for thing in portion])
            wanted = [found for thing in locked for found in _of_wish(thing, kind, event, row, now)]
            there = Plan.objects.filter(subscription=row, object_id__in=[thing.pk for thing in portion])
            _settle({_key(plan): plan for plan in there}, {_key(p): (p, due) for p, due in wanted}, set(), now)


def _of_wish(
    thing: Any, kind: ContentType, event: Event, row: Subscription, now: datetime
) -> Iterator[tuple[Plan, Due]]:
    match = Match(thing, now)
    for _, wishes, _ in match.wishes([event]):
        for wish in wishes:
            if wish.pk == row.pk:
                yield from _planned(thing, kind, event, wish, match)


def tags_changed() -> None:
    """Tags count from what an object belongs to as well: those who asked for some are planned anew, all over."""
    rows = Subscription._base_manager.filter(event__in=timed(), off=False)
    rows.exclude(tags_in=[], tags_out=[]).update(planned=0)


def hold(now: datetime) -> int:
    """At a start: nothing that came due meanwhile is told before its object could be looked at again."""
    return Plan.objects.due(now + GRACE).update(due_at=now + GRACE)
