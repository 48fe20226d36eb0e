"""The engine: from a change (before, after) to the notices that somebody wants, each of them once."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from notifications import interest, plans, recipients
from notifications.event import Due, Event, declared, of
from notifications.matching import Match
from notifications.models import Address, Delivery, Notice, Subscription

FINGERPRINT_VERSION = 1
Change = tuple[Any, Any]


@dataclass(slots=True)
class Wanted:
    """One notice that is wanted, by one recipient, and the subscriptions that ask for it."""

    event: Event
    thing: models.Model
    due: Due
    recipient: models.Model
    why: list[int] = field(default_factory=list)
    gone: bool = False

    def fingerprint(self) -> str:
        """What makes this notice unique: its event, object, recipient and occurrence, never its words or the clock."""
        of_object = (self.event.of, self.thing.pk)
        to = (self.recipient._meta.label, self.recipient.pk)
        marks = json.dumps([FINGERPRINT_VERSION, self.event.key, of_object, to, self.due.marks], default=str)
        return hashlib.sha256(marks.encode()).hexdigest()

    def notice(self, now: datetime) -> Notice:
        """The row to write."""
        link = "" if self.gone else getattr(self.thing, "get_absolute_url", str)()
        return Notice(
            fingerprint=self.fingerprint(),
            event=self.event.key,
            object_type=ContentType.objects.get_for_model(self.thing),
            object_id=self.thing.pk,
            recipient_type=ContentType.objects.get_for_model(self.recipient),
            recipient_id=self.recipient.pk,
            text=self.event.text(self.thing),
            link=link,
            tone=self.event.tone,
            why=self.why,
            due_at=self.due.at or now,
            created_at=now,
        )


def consider(changes: Sequence[Change], now: datetime) -> int:
    """Write the notices that these changes call for, in the caller's transaction; how many were new.

    What is to be told later, unless it changes again, is planned or not planned any more.
    """
    # Who is meant is asked once for all changes: a tower that fails brings hundreds of outages in one call.
    resolve = cache(recipients.resolve)
    count = write((one for before, after in changes for one in _wanted(before, after, now, resolve)), now)
    plans.reconcile(changes, now)
    return count


def write(wanted: Iterable[Wanted], now: datetime) -> int:
    """Write these notices in the caller's transaction, each once, with all the reasons for it; how many were new."""
    unique: dict[str, Wanted] = {}
    for one in wanted:
        known = unique.setdefault(one.fingerprint(), one)
        if known is not one:
            known.why += one.why
    return _write({mark: (one.notice(now), one.recipient) for mark, one in unique.items()}) if unique else 0


def tell(people: Iterable[models.Model], text: str, link: str, about: models.Model, now: datetime) -> int:
    """Write to these people, whatever they subscribe to, in the caller's transaction; how many are told."""
    notices = [(written(person, text, link, about, now), person) for person in people]
    return _write({notice.fingerprint: (notice, person) for notice, person in notices}) if notices else 0


def written(person: models.Model, text: str, link: str, about: models.Model, now: datetime) -> Notice:
    """A notice to this person that no subscription asked for, not saved yet; the text is cut at 280 signs."""
    return Notice(
        fingerprint=secrets.token_hex(32),
        object_type=ContentType.objects.get_for_model(about),
        object_id=about.pk,
        recipient_type=ContentType.objects.get_for_model(person),
        recipient_id=person.pk,
        text=text if len(text) <= 280 else text[:279] + "…",
        link=link,
        due_at=now,
        created_at=now,
    )


def wanted(label: str) -> bool:
    """Does anybody want any event of this model? Bulk changes ask this before they gather before and after."""
    return interest.wanted(label)


def _wanted(
    before: Any, after: Any, now: datetime, resolve: Callable[[str, str], list[models.Model]]
) -> Iterable[Wanted]:
    thing = after if after is not None else before
    if not interest.wanted(thing._meta.label):
        return
    match = Match(thing, now)
    for event, wishes, off in match.wishes([event for event in of(thing._meta.label) if event.when is not None]):
        for wish in wishes:
            due = event.due(before, after, wish.asked)
            if due is not None and match.has_tags_for(wish):
                told = (person for person in resolve(*wish.recipient) if match.is_told(person, wish, off))
                yield from (Wanted(event, thing, due, person, [wish.pk], gone=after is None) for person in told)


def _write(wanted: dict[str, tuple[Notice, models.Model]]) -> int:
    """The outbox: notices and their deliveries. The unique fingerprint, not a look before it, keeps doubles away."""
    with transaction.atomic():
        known = set(Notice.objects.filter(fingerprint__in=list(wanted)).values_list("fingerprint", flat=True))
        Notice.objects.bulk_create([notice for notice, _ in wanted.values()], ignore_conflicts=True)
        # What another process wrote in between is among them: its deliveries are unique too, so either may add them.
        new = Notice.objects.filter(fingerprint__in=wanted.keys() - known)
        rows = {notice.fingerprint: notice for notice in new}
        _address(rows, {mark: person for mark, (_, person) in wanted.items()})
        recipients.wake()
    return len(rows)


def _address(notices: dict[str, Notice], people: dict[str, models.Model]) -> None:
    addresses: dict[tuple[int, int], list[Address]] = {}
    for address in recipients.addresses({person for mark, person in people.items() if mark in notices}):
        addresses.setdefault((address.owner_type_id, address.owner_id), []).append(address)
    Delivery.objects.bulk_create(
        (
            Delivery(notice=notice, address=address, due_at=notice.due_at)
            for notice in notices.values()
            for address in addresses.get((notice.recipient_type_id, notice.recipient_id), ())
        ),
        ignore_conflicts=True,
    )


def reasons(notices: Iterable[Notice]) -> dict[int, str]:
    """Why their recipients got these notices, in words, by the notices' pk; one query for all."""
    notices = list(notices)
    wishes = Subscription.objects.in_bulk({pk for notice in notices for pk in notice.why})
    return {notice.pk: _reason(notice, [wishes[pk] for pk in notice.why if pk in wishes]) for notice in notices}


def _reason(notice: Notice, wishes: list[Subscription]) -> str:
    if not notice.event:
        return "It was written to you; no subscription asked for it."
    event = declared().get(notice.event)
    because = [recipients.because(wish.recipient_kind, wish.recipient_key) for wish in wishes]
    why = "; ".join(dict.fromkeys(because)) or "the subscription has been deleted since"
    return f"“{event.label if event else notice.event}”: {why}."
