"""Upkeep: what was told long ago is swept, in portions with gaps between them, and never what is still to be sent.

With a notice go its deliveries and their attempts; its mark stays as long as its object does, so that it is never told
again. Whoever dies half-way, or comes twice at once, leaves nothing half done: each portion is one transaction.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from notifications import house
from notifications.duplicates import Duplicates
from notifications.models import Delivery, Mute, Notice, Report, Storm, Subscription, Told
from notifications.told import mark

PORTION = 500
# Seconds between two portions, for others who want to write; and for a whole run: a task of the queue may take 120.
GAP, LONGEST = 0.05, 90.0
PENDING = (Delivery.State.WAITING, Delivery.State.HELD)
# A report may be made a moment before the notices that it goes with.
UNUSED = timedelta(days=1)


@dataclass(slots=True)
class Swept:
    """How much was taken away."""

    notices: int = 0
    marks: int = 0
    wishes: int = 0
    reports: int = 0


def sweep(now: datetime, longest: float = LONGEST, gap: float = GAP) -> Swept:
    """Forget what is older than is set; what is left after `longest` seconds waits for the next run."""
    before, ends, swept = now - house.notices_kept(), time.monotonic() + longest, Swept()

    def goes_on() -> bool:
        time.sleep(gap)
        return time.monotonic() < ends

    swept.notices = _notices(before, now, goes_on)
    swept.marks = _of_the_gone(Told.objects.all(), goes_on)
    # As long as somebody wants to hear of what is no more, each save of its kind is asked about.
    swept.wishes = sum(_of_the_gone(rows, goes_on) for rows in (Subscription.objects.all(), Mute.objects.all()))
    swept.reports = _reports(now)
    Storm.objects.filter(told_at__lt=before).delete()
    Duplicates.objects.filter(hour__lt=before).delete()
    return swept


def _notices(before: datetime, now: datetime, goes_on: Callable[[], bool]) -> int:
    last = count = 0
    while True:
        with transaction.atomic():
            rows = _old(before, now).filter(pk__gt=last).order_by("pk")
            portion = list(rows.select_for_update(skip_locked=True, of=("self",))[:PORTION])
            count += _forget(portion)
        if len(portion) < PORTION or not goes_on():
            return count
        last = portion[-1].pk


def _old(before: datetime, now: datetime) -> Any:
    """The notices that are over: told or withdrawn long ago, not snoozed, and nothing of them is on its way."""
    rows = Notice.objects.filter(created_at__lt=before, due_at__lt=before).exclude(snoozed_until__gt=now)
    waits = Q(acked_at=None, withdrawn_at=None, escalate_at__gte=before)
    of_it = Delivery.objects.filter(notice=OuterRef("pk"))
    on_its_way = Exists(of_it.filter(Q(state__in=PENDING) | Q(due_at__gte=before)))
    return rows.exclude(waits).exclude(on_its_way)


def _forget(portion: list[Notice]) -> int:
    """Take these (locked) notices away, but for the marks of those whose objects are there."""
    if not portion:
        return 0
    Told.objects.bulk_create(_kept(portion), ignore_conflicts=True)
    keys = [notice.pk for notice in portion]
    # A delivery that somebody replays at this moment stays, and with it its notice.
    Delivery.objects.filter(notice__in=keys).exclude(state__in=PENDING).delete()
    gone = Notice.objects.filter(pk__in=keys).exclude(Exists(Delivery.objects.filter(notice=OuterRef("pk"))))
    return gone.delete()[1].get(Notice._meta.label, 0)


def _kept(portion: Iterable[Notice]) -> list[Told]:
    by_kind: dict[int, list[Notice]] = defaultdict(list)
    for notice in portion:
        # What no subscription asked for is never asked for again.
        if not notice.is_written:
            by_kind[notice.object_type_id].append(notice)
    found = []
    for kind, notices in by_kind.items():
        there = _there(kind, {notice.object_id for notice in notices})
        kept = (notice for notice in notices if notice.object_id in there)
        found += [Told(mark(one.fingerprint), object_type_id=kind, object_id=one.object_id) for one in kept]
    return found


def _there(kind: int, keys: set[int]) -> set[int]:
    """Which of these objects exist."""
    model: Any = ContentType.objects.get_for_id(kind).model_class()
    if model is None:
        return set()
    return set(model._base_manager.filter(pk__in=keys).values_list("pk", flat=True))


def _of_the_gone(rows: Any, goes_on: Callable[[], bool]) -> int:
    """Forget those of these rows that are of objects that were deleted."""
    kinds = ContentType.objects.filter(pk__in=rows.order_by().values("object_type").distinct())
    return sum(_of_one_kind(rows.filter(object_type=kind.pk), kind.pk, goes_on) for kind in kinds)


def _of_one_kind(rows: Any, kind: int, goes_on: Callable[[], bool]) -> int:
    last = count = 0
    while True:
        keys = rows.filter(object_id__gt=last).order_by("object_id").values_list("object_id", flat=True).distinct()
        found = list(keys[:PORTION])
        if gone := set(found) - _there(kind, set(found)):
            count += rows.filter(object_id__in=gone).delete()[0]
        if len(found) < PORTION or not goes_on():
            return count
        last = found[-1]


def _reports(now: datetime) -> int:
    """Delete the reports that belong to no notice any more."""
    used = Exists(Notice.objects.filter(report=OuterRef("pk")))
    return Report.objects.filter(made_at__lt=now - UNUSED).exclude(used).delete()[0]
