"""Firing: what was planned and has come due is told, if it is still so."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from django.db import transaction

from notifications import engine, interest, recipients
from notifications.event import Due, declared
from notifications.matching import Match
from notifications.models import Plan
from notifications.plans import PUT_OFF, mark

log = logging.getLogger(__name__)

PORTION = 100


def waiting(now: datetime) -> bool:
    """Is there anything to tell by now?"""
    return Plan.objects.due(now).exists()


def fire(now: datetime, most: int = 5000) -> int:
    """Tell what is due, in portions, until nothing is left or `most` are done; how many plans were settled."""
    done = 0
    while done < most and (count := _portion(now)):
        done += count
    return done


def _portion(now: datetime) -> int:
    with transaction.atomic():
        # Two workers take different rows; the notice and the end of its plan are in one transaction.
        rows = list(Plan.objects.due(now).select_for_update(skip_locked=True, of=("self",))[:PORTION])
        by_kind: dict[Any, list[Plan]] = defaultdict(list)
        for row in rows:
            by_kind[row.object_type].append(row)
        put_off: list[int] = []
        engine.write((one for kind, plans in by_kind.items() for one in _still(kind, plans, put_off, now)), now)
        Plan.objects.filter(pk__in=put_off).update(due_at=now + PUT_OFF)
        Plan.objects.filter(pk__in={row.pk for row in rows} - set(put_off)).delete()
    return len(rows)


def _still(kind: Any, plans: Iterable[Plan], put_off: list[int], now: datetime) -> Iterator[engine.Wanted]:
    """The notices of those plans whose objects are still as they were; a fault puts its plan off, and no other."""
    plans, resolve = list(plans), cache(recipients.resolve)
    model = kind.model_class()
    things = model._base_manager.select_for_update(of=("self",)).in_bulk([plan.object_id for plan in plans])
    interest.wanted(model._meta.label)
    for plan in plans:
        thing = things.get(plan.object_id)
        if thing is None or plan.event not in declared():
            continue
        try:
            yield from list(_told(plan, thing, resolve, now))
        except Exception:
            log.exception("the plan %s of %s could not be judged", plan.pk, plan.event)
            put_off.append(plan.pk)


def _told(plan: Plan, thing: Any, resolve: Any, now: datetime) -> Iterator[engine.Wanted]:
    event, match = declared()[plan.event], Match(thing, now)
    for _, wishes, off in match.wishes([event]):
        for wish in wishes:
            if wish.pk != plan.subscription_id or event.plans is None or not match.has_tags_for(wish):
                continue
            for due in event.plans(thing, event.asked(wish.asked)):
                if mark(due) == plan.mark:
                    people = (one for one in resolve(*wish.recipient) if match.is_told(event, one, wish, off))
                    yield from (engine.Wanted.by(wish, event, thing, Due(due.marks), one) for one in people)
