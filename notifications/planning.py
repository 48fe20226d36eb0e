"""Planning over the rows that exist: for a subscription that is new or was edited, and after a change of what counts.

A subscription that asks for what is true now has that planned, too: as due already, so that it is told at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import F, Q

from notifications import interest
from notifications.event import OPERATIONS, Event, meant, through, timed
from notifications.matching import Match
from notifications.models import Notice, Plan, Subscription
from notifications.plans import PORTION, Planned, free, key_of, planned, settle, settle_changes

log = logging.getLogger(__name__)

# A save that was under way while a new subscription was planned may not have seen it: it is planned once more.
AGAIN = timedelta(seconds=10)
# More objects than these are planned later, with all others.
MANY = 500
# Seconds for planning all; a task of the queue may take 120.
LONGEST = 90.0
# All subscriptions, and those to which tags matter.
EVERY, TAGGED = Q(), ~Q(tags_in=[], tags_out=[])
# How far the planning of a subscription is (its field `planned`), and what comes next.
NEW, ONCE, STALE, STALE_ONCE, DONE = 0, 1, 2, 3, None
NEXT: dict[int | None, int | None] = {NEW: ONCE, ONCE: DONE, STALE: STALE_ONCE, STALE_ONCE: DONE}
AGAIN_LATER: dict[int | None, int | None] = {NEW: ONCE, ONCE: ONCE, STALE: STALE_ONCE, STALE_ONCE: STALE_ONCE}


def plan_new(now: datetime) -> int:
    """Plan the subscriptions that are new or were edited over the rows that exist; how many these were."""
    # What failed comes last: it is not to keep the others waiting.
    rows = list(_to_plan(now).order_by(F("planned_at").asc(nulls_first=True), "pk")[:20])
    for row in rows:
        is_done = _is_planned_over(row, now, now_too=row.now_too and row.planned in (NEW, ONCE))
        # By the plain manager: nobody's interest has changed.
        mine = Subscription._base_manager.filter(pk=row.pk, planned=row.planned)
        mine.update(planned=NEXT[row.planned] if is_done else AGAIN_LATER[row.planned], planned_at=now)
    return len(rows)


def plan_all(now: datetime, longest: float = LONGEST) -> int:
    """Plan the subscriptions that wait for a time over all rows: the safety net; how many these were.

    Those that are left after `longest` seconds come first the next time.
    """
    rows = Subscription.objects.filter(event__in=_waiting(), off=False)
    ends, count = time.monotonic() + longest, 0
    for row in list(rows.order_by(F("planned_at").asc(nulls_first=True), "pk")):
        _is_planned_over(row, now)
        Subscription._base_manager.filter(pk=row.pk, planned=DONE).update(planned_at=now)
        count += 1
        if time.monotonic() >= ends:
            break
    return count


def _is_planned_over(row: Subscription, now: datetime, now_too: bool = False) -> bool:
    """Plan one subscription; a fault in it is written to the log, and stops no other."""
    try:
        plan_over(row, now, now_too)
    except Exception:
        log.exception("the subscription %s to %s could not be planned", row.pk, row.event)
        return False
    return True


def unplanned(now: datetime) -> bool:
    """Is there a subscription that is new or was edited, and not planned yet?"""
    return _to_plan(now).exists()


def _to_plan(now: datetime) -> models.QuerySet[Subscription]:
    again = Q(planned__in=(ONCE, STALE_ONCE), planned_at__lte=now - AGAIN)
    return Subscription.objects.filter(Q(planned__in=(NEW, STALE)) | again)


@cache
def _waiting() -> list[str]:
    """What a subscription may name and wait for a time by."""
    return [*timed(), *([OPERATIONS] if any(event.plans for event in meant(OPERATIONS)) else [])]


def plan_over(row: Subscription, now: datetime, now_too: bool = False) -> None:
    """Bring the plans of one subscription in line with all objects that exist; in portions, each its transaction.

    With `now_too` what is due already is planned as well, and so is what holds of events that wait for no time.
    """
    for event in meant(row.event):
        if event.plans is not None or (now_too and event.holds is not None):
            _plan_over(event, row, now, now_too)


def _plan_over(event: Event, row: Subscription, now: datetime, now_too: bool) -> None:
    interest.wanted(event.of)
    model: Any = apps.get_model(event.of)
    things, last = _concerned(event, model, row), 0
    while portion := list(things.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PORTION]):
        last = portion[-1]
        held = _plan_some(event, row, model, portion, now, now_too)
        # What somebody was just changing: one by one, so that nobody waits for who waits.
        for key in held:
            _plan_some(event, row, model, [key], now, now_too, wait=True)


def _plan_some(
    event: Event, row: Subscription, model: Any, keys: list[int], now: datetime, now_too: bool, wait: bool = False
) -> set[int]:
    """Plan one subscription over these objects, in a transaction; those that are held by others, unless it waits."""
    kind = ContentType.objects.get_for_model(model)
    with transaction.atomic():
        # As they are now, under a lock: a change between two looks at it would be planned by what it was.
        rows = model._base_manager.select_for_update() if wait else free(model)
        found = list(rows.filter(pk__in=keys))
        wanted = {one.key: one for thing in found for one in _of_wish(thing, kind, event, row, now)}
        seen = {thing.pk for thing in found}
        there = Plan.objects.filter(subscription=row, event=event.key, object_id__in=seen)
        told = _told(event, kind, row, keys) if now_too else seen
        new = {key: one for key, one in wanted.items() if _is_new(one, now, told)}
        if (asked_at := _asked_at(row)) is not None:
            # What came due in that time is told as well, unless a change of its object had planned it, and it was.
            heard = _told_since(asked_at, event, kind, row, keys)
            since = {key: one for key, one in wanted.items() if one.plan.due_at >= asked_at and one.is_worth_it(now)}
            new |= {key: one for key, one in since.items() if one.plan.object_id not in heard}
        settle({key_of(plan): plan for plan in there}, new, wanted.keys(), now)
    return set(keys) - seen


def _is_new(one: Planned, now: datetime, told: set[int]) -> bool:
    """Is it planned where it was not yet? What has been due for long is not, of the objects that were told."""
    late = one.due.before is not None or one.plan.object_id not in told
    return one.is_ahead(now) or (late and one.is_worth_it(now))


def _asked_at(row: Subscription) -> datetime | None:
    """Since when it waits to be planned, where it does: when it was made, or edited."""
    return (row.planned_at or row.created_at) if row.planned == NEW else None


def _concerned(event: Event, model: Any, row: Subscription) -> models.QuerySet[Any]:
    """The objects that a subscription may be about: where it is to a single one, that and what belongs to it."""
    things = event.among() if event.among else model._base_manager.all()
    found = row.object_type.model_class() if row.object_type else None
    path = _path(model, found._meta.label) if found else ""
    return things.filter(**{path: row.object_id}) if path else things


def _path(model: Any, label: str) -> str:
    """How objects of a model are found by what they belong to, by its label; nothing where that is not known."""
    return "pk" if model._meta.label == label else getattr(model, "found_by", {}).get(label, "")


def _told(event: Event, kind: ContentType, row: Subscription, keys: list[int]) -> set[int]:
    """Of these objects those of which it was told, since this subscription was planned for the first time."""
    if row.planned_at is None or row.planned == NEW:
        return set()
    return _told_since(row.planned_at, event, kind, row, keys)


def _told_since(since: datetime, event: Event, kind: ContentType, row: Subscription, keys: list[int]) -> set[int]:
    rows = Notice.objects.filter(event=event.key, object_type=kind, object_id__in=keys, created_at__gte=since)
    return {key for key, why in rows.values_list("object_id", "why") if row.pk in why}


def _of_wish(thing: Any, kind: ContentType, event: Event, row: Subscription, now: datetime) -> Iterator[Planned]:
    match = Match(thing, now)
    for _, wishes, _ in match.wishes([event]):
        for wish in wishes:
            if wish.pk == row.pk:
                yield from planned(kind, event, wish, match)


def belongings_changed(thing: models.Model, now: datetime) -> None:
    """Tags of an object, or what it belongs to, have changed: so have those of all that belongs to it.

    In the caller's transaction; what are too many to be planned there are planned anew soon.
    """
    for event in _inherited(thing._meta.label):
        if interest.asks_for([event.key]):
            _plan_belongings(event, thing, now)
    for event in _of_anything():
        if interest.asks_for([event.key]):
            _plan_anew(event, TAGGED)


def moved(changes: Sequence[tuple[Any, Any]], now: datetime) -> None:
    """Of these changes (before, after) those by which an object came to belong to something else."""
    for before, after in changes:
        if before is None or after is None or not _moving(after._meta.label):
            continue
        if interest.asks_for(_moving(after._meta.label)) and before.scopes() != after.scopes():
            belongings_changed(after, now)


@cache
def _moving(label: str) -> tuple[str, ...]:
    """The events whose objects move with those of a model."""
    return tuple(key for key in timed() if label in through(key))


@cache
def _inherited(label: str) -> tuple[Event, ...]:
    """The events that wait for their time of what belongs to objects of a model."""
    return tuple(event for event in timed().values() if label in event.within and event.of != label)


@cache
def _of_anything() -> tuple[Event, ...]:
    """The events that wait for their time of what may belong to objects of any model; only their tags are asked for."""
    return tuple(event for event in timed().values() if getattr(apps.get_model(event.of), "is_of_anything", False))


def _plan_belongings(event: Event, thing: models.Model, now: datetime) -> None:
    model: Any = apps.get_model(event.of)
    path = _path(model, thing._meta.label)
    rows = (event.among() if event.among else model._base_manager.all()).filter(**{path: thing.pk}) if path else None
    keys = [] if rows is None else list(rows.order_by("pk").values_list("pk", flat=True)[: MANY + 1])
    if rows is None or len(keys) > MANY:
        _plan_anew(event)
    elif keys:
        things = list(free(model).filter(pk__in=keys))
        if things:
            settle_changes([event], [(one, one) for one in things], now)
        if len(things) < len(keys):
            _plan_anew(event)


def _plan_anew(event: Event, which: Q = EVERY) -> None:
    """Let the queue bring the plans of an event in line, for all of these subscriptions that asked for it."""
    rows = Subscription._base_manager.filter(which, event__in=[event.key, OPERATIONS], off=False)
    rows.filter(Q(planned=DONE) | Q(planned=STALE_ONCE)).update(planned=STALE)
