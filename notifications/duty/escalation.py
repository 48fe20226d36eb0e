"""Escalation: what nobody acknowledges in time goes on by a louder channel, then to the next person, then to all.

A notice keeps the time of its next step (`escalate_at`), and each step is written down, so a killed or doubled worker
changes nothing: the step, what it queues and the time of the next one are in one transaction.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, models, transaction

from notifications import live, outbox, recipients
from notifications.address import Reach
from notifications.channels.channel import named
from notifications.delivery import pause
from notifications.duty import on_duty
from notifications.models import Address, Delivery, Notice, Step

log = logging.getLogger(__name__)

PORTION = 50
# After a start: readings come in first, so that nobody is called for what is over.
GRACE = timedelta(seconds=60)
PUT_OFF = timedelta(minutes=10)


def waiting(now: datetime) -> bool:
    """Is there a notice to take on by now? While sending is paused nobody could have answered."""
    return Notice.objects.escalating(now).exists() and not pause.is_paused()


def escalate(now: datetime, most: int = 2000) -> int:
    """Take on what nobody acknowledged in time, one step each; how many notices were looked at."""
    done = 0
    while done < most and not pause.is_paused() and (count := _portion(now)):
        done += count
    return done


def hold(now: datetime) -> int:
    """At a start: nothing goes on before its object could be looked at again; how many notices that puts off."""
    return Notice.objects.escalating(now + GRACE).update(escalate_at=now + GRACE)


def _portion(now: datetime) -> int:
    with transaction.atomic():
        due = Notice.objects.escalating(now).order_by("escalate_at", "pk")
        rows = list(due.select_for_update(skip_locked=True, of=("self",)).prefetch_related("about")[:PORTION])
        for row in rows:
            try:
                with transaction.atomic():
                    _take_on(row, now)
            except OperationalError:
                # Two that waited for each other, or a database that went away: all of it is done again at once.
                raise
            except Exception:
                log.exception("the notice %s could not be taken on", row.pk)
                Notice.objects.filter(pk=row.pk).update(escalate_at=now + PUT_OFF)
        # Together and at the end: whoever takes single topics in between may wait for who waits for them.
        live.bump(*(live.inbox(row.recipient_id) for row in rows))
    return len(rows)


def _take_on(row: Notice, now: datetime) -> None:
    """One step: the first in the order of STEPS that is still to be taken and leads to somebody."""
    if row.withdrawn_at or row.about is None or getattr(row.about, "is_over", False):
        _end(row, "It is over", now)
        return
    taken = set(row.steps.values_list("kind", flat=True))
    for kind, once, take in STEPS:
        if (once and kind in taken) or (kind == Step.Kind.LOUDER and taken):
            continue
        if kind == Step.Kind.EVERYBODY and (until := _answers_until(row)) > now:
            Notice.objects.filter(pk=row.pk).update(escalate_at=until)
            return
        if take(row, now):
            Notice.objects.filter(pk=row.pk).update(escalate_at=now + _wait(row))
            return
    _end(row, "Nobody is left to be told", now)


def _wait(row: Notice) -> timedelta:
    return timedelta(minutes=max(row.escalate_after or 0, 1))


def _end(row: Notice, why: str, now: datetime) -> None:
    Notice.objects.filter(pk=row.pk).update(escalate_at=None)
    Step.objects.create(notice=row, kind=Step.Kind.ENDED, at=now, text=why)


def _louder(row: Notice, now: datetime) -> bool:
    """The same notice to the same person, by the next louder of their channels that is on."""
    person: Any = row.recipient
    if person is None or not getattr(person, "is_active", True):
        return False
    used = {delivery.address_id: delivery.address for delivery in row.deliveries.select_related("address")}
    loudest = max((_loudness(one) for one in used.values() if one is not None), default=0)
    louder = [one for one in recipients.addresses([person]) if _loudness(one) > loudest]
    least = min(map(_loudness, louder), default=0)
    chosen = [one for one in louder if _loudness(one) == least]
    if not chosen:
        return False
    Delivery.objects.bulk_create((Delivery.by(one, row, now) for one in chosen), ignore_conflicts=True)
    ways = " and ".join(sorted({named(one.channel).label for one in chosen}))
    Step.objects.create(notice=row, kind=Step.Kind.LOUDER, at=now, text=f"Sent by {ways} as well")
    recipients.wake()
    return True


def _loudness(address: Address | Reach) -> int:
    try:
        return named(address.channel).loudness
    except KeyError:
        return 0


def _next(row: Notice, now: datetime) -> bool:
    """The next person on duty who was not called for it yet; several only where the rota has several at once."""
    known = _called(row)
    duty = on_duty.at(now)
    for rank in (duty.first, duty.second):
        if people := [person for person in rank if person.pk not in known]:
            return _tell(row, people, f"{row.recipient or 'Nobody'} did not answer", Step.Kind.NEXT, now)
    return False


def _everybody(row: Notice, now: datetime) -> bool:
    """All administrators who were not called for it yet."""
    known = _called(row)
    people = [person for person in on_duty.last_resort() if person.pk not in known]
    return _tell(row, people, "Nobody answered", Step.Kind.EVERYBODY, now)


STEPS: tuple[tuple[Step.Kind, bool, Callable[[Notice, datetime], bool]], ...] = (
    (Step.Kind.LOUDER, True, _louder),
    (Step.Kind.NEXT, False, _next),
    (Step.Kind.EVERYBODY, True, _everybody),
)


def _called(row: Notice) -> set[int]:
    """The users who were called for the same occurrence: by notices that escalate, or by a step of one of them."""
    same = _same(row)
    stepped = Notice.objects.filter(told_by__notice__in=same)
    return {
        row.recipient_id,
        *same.values_list("recipient_id", flat=True),
        *stepped.values_list("recipient_id", flat=True),
    }


def _same(row: Notice) -> models.QuerySet[Notice]:
    """The notices that escalate for the same occurrence, this one among them."""
    return Notice.objects.filter(
        event=row.event, object_type_id=row.object_type_id, object_id=row.object_id, created_at=row.created_at,
        recipient_type_id=row.recipient_type_id, escalate_after__isnull=False,
    )  # fmt: skip


def _answers_until(row: Notice) -> datetime:
    """Until when whoever was called next for the same occurrence has time: by this notice, or by one beside it."""
    called = Notice.objects.filter(told_by__notice__in=_same(row), told_by__kind=Step.Kind.NEXT)
    return max((one.created_at + _wait(one) for one in called), default=row.created_at)


def _tell(row: Notice, people: list[Any], words: str, kind: Step.Kind, now: datetime) -> bool:
    """Write to these people that somebody did not answer; whether anybody had not been written to before."""
    letters = [outbox.Letter(_notice(row, person, words, now), person) for person in people]
    if not outbox.post(letters, now):
        return False
    told = Notice.objects.filter(fingerprint__in=[letter.notice.fingerprint for letter in letters])
    Step.objects.bulk_create(
        Step(notice=row, kind=kind, at=now, text=f"{words}: told {one.recipient}"[:200], told=one)
        for one in told.prefetch_related("recipient")
    )
    return True


def _notice(row: Notice, person: models.Model, words: str, now: datetime) -> Notice:
    about: Any = row.about
    found = outbox.written(person, f"{words}: {row.text}", row.link, about, now)
    marks = ["escalation", row.event, row.object_type_id, row.object_id, row.created_at.isoformat(), person.pk]
    found.fingerprint = hashlib.sha256(json.dumps(marks).encode()).hexdigest()
    found.event, found.tone, found.escalate_after = row.event, row.tone, row.escalate_after
    return found
