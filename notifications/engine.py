"""The engine: from a change (before, after) to the notices that somebody wants, each of them once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from notifications import interest, recipients
from notifications.events import Due, Event, declared, of
from notifications.models import Address, Delivery, Notice, Subscription

FINGERPRINT_VERSION = 1
Change = tuple[Any, Any]


@dataclass(slots=True)
class Plan:
    """One notice that is wanted, by one recipient, and the subscriptions that ask for it."""

    event: Event
    thing: models.Model
    due: Due
    recipient: models.Model
    why: list[int] = field(default_factory=list)

    def fingerprint(self) -> str:
        """What makes this notice unique: its event, object, recipient and occurrence, never its words or the clock."""
        of_object = (self.event.of, self.thing.pk)
        to = (self.recipient._meta.label, self.recipient.pk)
        marks = json.dumps([FINGERPRINT_VERSION, self.event.key, of_object, to, self.due.marks], default=str)
        return hashlib.sha256(marks.encode()).hexdigest()

    def notice(self, now: datetime) -> Notice:
        """The row to write."""
        link = getattr(self.thing, "get_absolute_url", str)()
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
    """Write the notices that these changes call for, in the caller's transaction; how many were new."""
    plans: dict[str, Plan] = {}
    for before, after in changes:
        for plan in _plans(before, after):
            known = plans.setdefault(plan.fingerprint(), plan)
            if known is not plan:
                known.why += plan.why
    return _write(list(plans.values()), now) if plans else 0


def wanted(label: str) -> bool:
    """Does anybody want any event of this model? Bulk changes ask this before they gather before and after."""
    return interest.wanted(label)


def _plans(before: Any, after: Any) -> Iterable[Plan]:
    thing = after if after is not None else before
    if not interest.wanted(thing._meta.label):
        return
    for event in of(thing._meta.label):
        for wish in _matching(event, thing):
            due = event.when(before, after, event.asked(wish.asked))
            if due is not None:
                for recipient in recipients.resolve(*wish.recipient):
                    yield Plan(event, thing, due, recipient, [wish.pk])


def _matching(event: Event, thing: models.Model) -> list[interest.Wish]:
    wishes = interest.wishes(event.key)
    if wishes is None:
        return []
    found = list(wishes.to_all)
    for scope in _scopes(thing) if wishes.to_one else ():
        found += wishes.to_one.get(scope, ())
    return found


def _scopes(thing: models.Model) -> list[tuple[int, int]]:
    """The object itself and what it belongs to (its customer, site, equipment), as (content type, pk)."""
    declared_scopes: list[tuple[str, int | None]] = getattr(thing, "scopes", list)()
    labels = [(thing._meta.label, thing.pk), *declared_scopes]
    return [(ContentType.objects.get_by_natural_key(*label.lower().split(".")).pk, pk) for label, pk in labels if pk]


def _write(plans: list[Plan], now: datetime) -> int:
    """The outbox: notices and their deliveries. The unique fingerprint, not a look before it, keeps doubles away."""
    with transaction.atomic():
        fingerprints = [plan.fingerprint() for plan in plans]
        known = set(Notice.objects.filter(fingerprint__in=fingerprints).values_list("fingerprint", flat=True))
        Notice.objects.bulk_create([plan.notice(now) for plan in plans], ignore_conflicts=True)
        new = Notice.objects.filter(fingerprint__in=set(fingerprints) - known)
        rows = {notice.fingerprint: notice for notice in new}
        people = {plan.fingerprint(): plan.recipient for plan in plans}
        _address(rows, people)
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
    event = declared().get(notice.event)
    because = [recipients.because(wish.recipient_kind, wish.recipient_key) for wish in wishes]
    why = "; ".join(dict.fromkeys(because)) or "the subscription has been deleted since"
    return f"“{event.label if event else notice.event}”: {why}."
