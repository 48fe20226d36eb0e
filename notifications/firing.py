"""Firing: what was planned and has come due is told, if it is still so."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, transaction

from notifications import engine, interest, recipients
from notifications.event import Due, declared
from notifications.matching import Match
from notifications.models import Plan
from notifications.plans import PUT_OFF, dues, free, mark

log = logging.getLogger(__name__)

PORTION = 100
# A plan (its pk), and the notices that it calls for.
Telling = tuple[int, list[engine.Wanted]]


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
        by_kind: dict[int, list[Plan]] = defaultdict(list)
        for row in rows:
            by_kind[row.object_type_id].append(row)
        left, put_off = set[int](), set[int]()
        found = [one for kind, plans in by_kind.items() for one in _still(kind, plans, left, put_off, now)]
        put_off |= _write(found, now)
        Plan.objects.filter(pk__in=put_off).update(due_at=now + PUT_OFF)
        Plan.objects.filter(pk__in={row.pk for row in rows} - put_off - left).delete()
    return len(rows) - len(left)


def _write(found: Sequence[Telling], now: datetime) -> set[int]:
    """Write all of it; where that does not go, plan by plan, and which plans (their pks) could not be told."""
    try:
        with transaction.atomic():
            engine.write((one for _, told in found for one in told), now)
    except OperationalError:
        raise
    except Exception:
        if len(found) > 1:
            return {pk for one in found for pk in _write([one], now)}
        log.exception("the plan %s could not be told", found[0][0])
        return {pk for pk, _ in found}
    return set()


def _still(kind: int, plans: Sequence[Plan], left: set[int], put_off: set[int], now: datetime) -> Iterator[Telling]:
    """The notices of those plans whose objects are still as they were; a fault puts its plan off, and no other.

    What somebody is just changing is left to them, or to the next time.
    """
    model = ContentType.objects.get_for_id(kind).model_class()
    if model is None:
        return
    resolve, keys = cache(recipients.resolve), {plan.object_id for plan in plans}
    things = free(model).in_bulk(keys)
    held = set(model._base_manager.filter(pk__in=keys - things.keys()).values_list("pk", flat=True))
    left |= {plan.pk for plan in plans if plan.object_id in held}
    interest.wanted(model._meta.label)
    for plan in plans:
        thing = things.get(plan.object_id)
        if thing is None or plan.event not in declared():
            continue
        try:
            yield plan.pk, list(_told(plan, thing, resolve, now))
        except Exception:
            log.exception("the plan %s of %s could not be judged", plan.pk, plan.event)
            put_off.add(plan.pk)


def _told(plan: Plan, thing: Any, resolve: Any, now: datetime) -> Iterator[engine.Wanted]:
    event, match = declared()[plan.event], Match(thing, now)
    for _, wishes, off in match.wishes([event]):
        for wish in wishes:
            found = dues(event, wish, match) if wish.pk == plan.subscription_id else []
            for due in (due for due in found if mark(due) == plan.mark):
                people = (one for one in resolve(*wish.recipient) if match.is_told(event, one, wish, off))
                told = (engine.Wanted.by(wish, event, thing, Due(due.marks), one) for one in people)
                # What begins ahead of a moment is planned anew each night until then.
                yield from (replace(one, again=wish.now_too or due.before is not None) for one in told)
