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
from django.db import OperationalError, connection, transaction

from notifications import engine, interest, recipients
from notifications.event import Due, declared
from notifications.matching import Match
from notifications.models import Plan
from notifications.plans import PUT_OFF, dues, free, mark

log = logging.getLogger(__name__)

PORTION = 100
# Of PostgreSQL, by which one worker at a time fires: any number that nobody else takes.
LOCK = 0x70776669
# A plan (its pk), and the notices that it calls for.
Telling = tuple[int, list[engine.Wanted]]


def waiting(now: datetime) -> bool:
    """Is there anything to tell by now?"""
    return Plan.objects.due(now).exists()


def fire(now: datetime, most: int = 5000) -> int:
    """Tell what is due, in portions, until nothing is left or `most` are done; how many plans were settled."""
    done, left = 0, set[int]()
    while done < most and (count := _portion(left, now)):
        done += count
    return done - len(left)


def _portion(left: set[int], now: datetime) -> int:
    """Settle some, and take in which are `left` to a later time; how many were looked at, none for a second worker."""
    with transaction.atomic():
        if not _is_alone():
            return 0
        # The notice and the end of its plan are in one transaction.
        rows = _together(left, now)
        by_kind: dict[int, list[Plan]] = defaultdict(list)
        for row in rows:
            by_kind[row.object_type_id].append(row)
        held, put_off = set[int](), set[int]()
        found = [one for kind, plans in by_kind.items() for one in _still(kind, plans, held, put_off, now)]
        put_off |= _write(found, now)
        Plan.objects.filter(pk__in=put_off).update(due_at=now + PUT_OFF)
        Plan.objects.filter(pk__in={row.pk for row in rows} - put_off - held).delete()
    left |= held
    return len(rows)


def _together(left: set[int], now: datetime) -> list[Plan]:
    """The next that are due, and with them whatever else is due of the same objects.

    Who hears of one occurrence by several subscriptions hears once, of all their reasons and by all their channels.
    """
    due = Plan.objects.due(now).select_for_update(skip_locked=True, of=("self",)).exclude(pk__in=left)
    rows = {row.pk: row for row in due[:PORTION]}
    events, keys = ({getattr(row, name) for row in rows.values()} for name in ("event", "object_id"))
    rows |= {row.pk: row for row in due.filter(event__in=events, object_id__in=keys)} if rows else {}
    return list(rows.values())


def _is_alone() -> bool:
    """Is no other worker at it? Two of them would each have a part of what belongs together."""
    if connection.vendor != "postgresql":
        return True  # SQLite has one writer at a time
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


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
