"""Storms: whoever gets more than 20 notices within a minute is told of the further ones by one digest.

The first 20 go out as ever. From the 21st on the loud deliveries are written as held, while the inbox keeps everything;
after a short time of gathering one digest stands for them by every channel that they would have taken. What the
database holds says what is to be done: a process that dies leaves nothing undone, and two do nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from notifications import house, recipients
from notifications.channels.channel import is_quick
from notifications.delivery import pause
from notifications.event import DIRECT, GENERAL
from notifications.models import DIGEST, Address, Delivery, Notice, Storm

log = logging.getLogger(__name__)

MOST = 20
WITHIN = timedelta(minutes=1)
# From the first notice that is held to its digest.
GATHER = timedelta(seconds=45)
# While a storm goes on, from one digest to the next; once nothing was held for as long as CALM, it need not wait.
AGAIN = timedelta(minutes=5)
CALM = timedelta(minutes=1)
PORTION = 1000
Person = tuple[int, int]


def excess(new: Collection[Notice], urgent: Collection[int], now: datetime) -> set[int]:
    """Which of these notices, just written, are too many for their readers (their pks), by one query.

    What is urgent, waits to be acknowledged or was written by somebody is never among them.
    """
    theirs: dict[Person, list[Notice]] = {}
    for notice in new:
        theirs.setdefault(_reader(notice), []).append(notice)
    counted = _written_since(theirs, now - WITHIN)
    found: set[int] = set()
    for person, notices in theirs.items():
        left = max(0, MOST - (counted.get(person, 0) - len(notices)))
        late = sorted(notices, key=lambda notice: notice.pk)[left:]
        found |= {one.pk for one in late if one.pk not in urgent and one.escalate_after is None and not one.sent_by_id}
    return found


def _reader(notice: Notice) -> Person:
    return notice.recipient_type_id, notice.recipient_id


def _written_since(people: Iterable[Person], since: datetime) -> dict[Person, int]:
    told = Notice.objects.filter(_of(people), **_told_since(since)).order_by()
    rows = told.values_list("recipient_type", "recipient_id")
    return {(kind, pk): count for kind, pk, count in rows.annotate(count=Count("pk"))}


def _told_since(since: datetime) -> dict[str, datetime]:
    # What was snoozed is due again long after it was told, and then no news: `due_at` is only what the index knows.
    return {"due_at__gt": since, "created_at__gt": since}


def _of(people: Iterable[Person], prefix: str = "") -> Q:
    """The condition of being to one of these people."""
    keys: dict[int, list[int]] = {}
    for kind, pk in people:
        keys.setdefault(kind, []).append(pk)
    by_kind = (Q(**{f"{prefix}recipient_type": kind, f"{prefix}recipient_id__in": pks}) for kind, pks in keys.items())
    return Q(*by_kind, _connector=Q.OR)


def is_due(now: datetime) -> bool:
    """Is there a digest to be written, and may it be sent?"""
    held = Delivery.objects.filter(state=Delivery.State.HELD).exists()
    return held and not pause.is_paused() and any(_due(now))


def gather(now: datetime) -> int:
    """Hold what several processes wrote at once and is too much together, and write the digests that are due.

    How many digests; none while sending is paused, so that what is discarded then is in no digest either.
    """
    if pause.is_paused():
        return 0
    for person in _flooded(now):
        _each(_hold, person, now)
    return sum(bool(_each(_digest, person, now)) for person in list(_due(now)))


def _each(work: Callable[[Person, datetime], bool | None], person: Person, now: datetime) -> bool | None:
    """Do it for one person: what goes wrong there is not to keep the others from hearing."""
    try:
        return work(person, now)
    except Exception:
        log.exception("the storm of %s could not be worked on", person)
        return None


def _fresh(now: datetime) -> models.QuerySet[Delivery]:
    """What is to be sent loudly, was asked for by a subscription within the last minute, and is not begun."""
    waiting = Delivery.objects.due(now).order_by().filter(tries=0, due_at__gt=now - WITHIN)
    said = waiting.filter(notice__escalate_after=None, notice__sent_by=None)
    return said.exclude(notice__event__in=("", DIRECT, GENERAL)).exclude(channel__in=_quiet())


def _quiet() -> list[str]:
    return [name for name in settings.CHANNELS if is_quick(name)]


def _flooded(now: datetime) -> list[Person]:
    """Who gets more than they should although no process knew of it: each saw its own notices alone."""
    rows = _fresh(now).values_list("notice__recipient_type", "notice__recipient_id").distinct()
    people = list(rows[:PORTION])
    counted = _written_since(people, now - WITHIN) if people else {}
    return [person for person, count in counted.items() if count > MOST]


@transaction.atomic
def _hold(person: Person, now: datetime) -> None:
    _lock(person)
    loud = Delivery.objects.exclude(channel__in=_quiet()).filter(
        state__in=(Delivery.State.WAITING, Delivery.State.DONE, Delivery.State.FAILED), notice=OuterRef("pk")
    )
    told = Notice.objects.filter(_of([person]), Exists(loud), **_told_since(now - WITHIN)).order_by("created_at", "pk")
    late = list(told.values_list("pk", flat=True)[MOST:])
    for start in range(0, len(late), PORTION):
        rows = _fresh(now).filter(notice__in=late[start : start + PORTION]).values("pk")
        # Asked of the row itself once more: what was taken to be sent meanwhile is on its way.
        Delivery.objects.due(now).order_by().filter(pk__in=rows, tries=0).update(state=Delivery.State.HELD)


def _lock(person: Person) -> Storm:
    """The row that whoever works on the storm of this person holds."""
    kind, pk = person
    Storm.objects.get_or_create(recipient_type_id=kind, recipient_id=pk)
    return Storm.objects.select_for_update().get(recipient_type_id=kind, recipient_id=pk)


def _due(now: datetime) -> Iterator[Person]:
    held = Delivery.objects.filter(state=Delivery.State.HELD).order_by()
    rows = held.values_list("notice__recipient_type", "notice__recipient_id").annotate(
        oldest=Min("notice__created_at"), newest=Max("notice__created_at")
    )
    found = {(kind, pk): (oldest, newest) for kind, pk, oldest, newest in rows}
    storms = Storm.objects.filter(_of(found)) if found else []
    told = {(storm.recipient_type_id, storm.recipient_id): storm.told_at for storm in storms}
    return (person for person, span in found.items() if due_at(*span, told.get(person)) <= now)


def due_at(oldest: datetime, newest: datetime, told_at: datetime | None) -> datetime:
    """When what is held, from the oldest to the newest, is to be told; `told_at` is when the last digest was."""
    first = oldest + GATHER
    if told_at is None or oldest - told_at > CALM:
        return first
    return max(first, min(told_at + AGAIN, newest + CALM))


@dataclass(frozen=True, slots=True)
class Held:
    """One delivery that is held, and what its notice is like."""

    pk: int
    notice: int
    address: int | None
    told_at: datetime
    tone: str
    is_news: bool


@transaction.atomic
def _digest(person: Person, now: datetime) -> bool:
    """Write one digest of what is held for somebody; False where another process did, or nothing is news any more."""
    storm = _lock(person)
    held = [_held(*row) for row in _rows(person)]
    if not held or due_at(min(one.told_at for one in held), max(one.told_at for one in held), storm.told_at) > now:
        return False
    news = [one for one in held if one.is_news]
    roads = Address.objects.usable().filter(pk__in={one.address for one in news if one.address})
    inbox = Address.objects.usable().filter(owner_type=person[0], owner_id=person[1], channel="inbox")
    loud = list(roads)
    digest = _write(person, news, now) if loud else None
    if digest:
        Delivery.objects.bulk_create(Delivery.by(one, digest, now) for one in [*inbox, *loud])
        Storm.objects.filter(pk=storm.pk).update(told_at=now)
        recipients.wake()
    _settle([one for one in held if digest and one.is_news], Delivery.State.DIGESTED, digest)
    _settle([one for one in held if not (digest and one.is_news)], Delivery.State.WITHDRAWN, None)
    return digest is not None


def _rows(person: Person) -> Iterable[tuple]:
    rows = Delivery.objects.filter(_of([person], "notice__"), state=Delivery.State.HELD).order_by("pk")
    states = ("notice__withdrawn_at", "notice__read_at", "notice__acked_at")
    return rows.values_list("pk", "notice", "address", "notice__created_at", "notice__tone", *states)


def _held(pk: int, notice: int, address: int | None, at: datetime, tone: str, *over: datetime | None) -> Held:
    return Held(pk, notice, address, at, tone, not any(over))


def _write(person: Person, news: list[Held], now: datetime) -> Notice:
    tones = {one.notice: one.tone for one in news}
    since = min(one.told_at for one in news)
    user = ContentType.objects.get_for_id(person[0])
    notice = Notice.objects.create(
        fingerprint=f"{DIGEST}{person[0]}.{person[1]}.{news[0].pk}",
        object_type=user,
        object_id=person[1],
        recipient_type=user,
        recipient_id=person[1],
        text=words(list(tones.values()), since, now),
        tone="down" if "down" in tones.values() else "up" if set(tones.values()) == {"up"} else "plain",
        due_at=now,
        created_at=now,
    )
    notice.link = f"{reverse('inbox')}?digest={notice.pk}"
    notice.save(update_fields=["link"])
    return notice


def words(tones: Collection[str], since: datetime, now: datetime) -> str:
    """A digest in one line, such as "34 more notices since 14:02: 30 down, 4 up"; times in the ISP's zone."""
    down, up = (sum(tone == kind for tone in tones) for kind in ("down", "up"))
    counts = ((down, "down"), (up, "up"), (len(tones) - down - up, "other"))
    said = ", ".join(f"{count} {word}" for count, word in counts if count) if down or up else ""
    local, today = timezone.localtime(since, house.zone()), timezone.localtime(now, house.zone())
    clock = f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"
    head = f"{len(tones)} more notice{'' if len(tones) == 1 else 's'} since {clock}"
    return f"{head}: {said}" if said else head


def _settle(held: list[Held], state: str, digest: Notice | None) -> None:
    for start in range(0, len(held), PORTION):
        part = held[start : start + PORTION]
        Delivery.objects.filter(pk__in=[one.pk for one in part], state=Delivery.State.HELD).update(state=state)
        if digest:
            Notice.objects.filter(pk__in={one.notice for one in part}).update(digest=digest)
