"""What is done to subscriptions: the one way to change who hears of what. Whoever it is done to is told who did it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from notifications import outbox, recipients
from notifications.delivery import addressing
from notifications.event import declared
from notifications.models import Mute, Subscription
from notifications.recipients import Recipient

DONE = {
    "subscribed": "{by} subscribed {whom} to {what}",
    "unsubscribed": "{by} unsubscribed {whom} from {what}",
    "changed": "{by} changed what {whom} asked for, of {what}",
    "turned off": "{by} turned off, for {whom}, {what}",
    "turned on": "{by} turned on again, for {whom}, {what}",
}


def choose(to: Recipient, about: Any, wanted: Mapping[str, Any], among: Iterable[str], by: Any) -> None:
    """Of the events `among`, let `to` hear of those `wanted` (each with what it asks) about one object (None: all)."""
    among = list(among)
    with transaction.atomic():
        rows = Subscription.objects.to(to).about(about).filter(event__in=among, off=False)
        had = {row.event: row for row in rows.select_for_update()}
        # What is in force already stays as it is: its tags, and what it asks where the same was asked again.
        new = [key for key in wanted if key not in had]
        other = [key for key in wanted if key in had and had[key].asked != wanted[key]]
        for key in new + other:
            _put(to, key, about, by, asked=wanted[key])
        gone = [key for key in among if key in had and key not in wanted]
        for key in gone:
            had[key].delete()
        for done, keys in (("subscribed", new), ("changed", other), ("unsubscribed", gone)):
            _tell(done, to, keys, about, by)


def subscribe(to: Recipient, event: str, about: Any, by: Any) -> None:
    """Let `to` hear of an event of one object, or of all (None); nothing where they do."""
    rows = Subscription.objects.to(to).about(about).filter(event=event, off=False)
    if not rows.exists():
        choose(to, about, {event: {}}, [event], by)


def unsubscribe(row: Subscription, by: Any) -> None:
    """End a subscription."""
    with transaction.atomic():
        found = Subscription.objects.select_for_update().filter(pk=row.pk).first()
        if found is not None:
            found.delete()
            _tell("unsubscribed", row.recipient, [row.event], row.about, by)


def change(row: Subscription, by: Any, **terms: Any) -> None:
    """Another number asked for, or other tags."""
    with transaction.atomic():
        other = {name: value for name, value in terms.items() if getattr(row, name) != value}
        found = Subscription.objects.select_for_update().filter(pk=row.pk).first() if other else None
        if found is not None:
            for name, value in other.items():
                setattr(found, name, value)
            # Saved, not updated, so that the log of who changed what hears of it.
            found.planned = 0
            found.save(update_fields=[*other, "planned"])
            found.plans.all().delete()
            _tell("changed", row.recipient, [row.event], row.about, by)


def turn_off(person: Any, row: Subscription, by: Any) -> None:
    """For this user alone: hear nothing of what everybody of a role hears."""
    to = _own(person)
    with transaction.atomic():
        rows = Subscription.objects.to(to).about(row.about).filter(event=row.event, off=True)
        if not rows.exists():
            _put(to, row.event, row.about, by, off=True)
            _tell("turned off", to, [row.event], row.about, by)


def turn_on(person: Any, row: Subscription, by: Any) -> None:
    """For this user: hear again what everybody of a role hears."""
    to = _own(person)
    with transaction.atomic():
        rows = Subscription.objects.to(to).filter(event=row.event, off=True)
        own = rows.about(row.about) | rows.about(None)
        if own.exists():
            Subscription.objects.filter(pk__in=own.values_list("pk", flat=True)).delete()
            _tell("turned on", to, [row.event], row.about, by)


def mute(person: Any, thing: models.Model, until: datetime | None) -> None:
    """Tell this user nothing of an object, and of what belongs to it, until then (None: for good)."""
    kind = ContentType.objects.get_for_model(thing)
    Mute.objects.update_or_create(user=person, object_type=kind, object_id=thing.pk, defaults={"until": until})


def unmute(person: Any, thing: models.Model) -> None:
    """Tell this user of an object again."""
    kind = ContentType.objects.get_for_model(thing)
    Mute.objects.filter(user=person, object_type=kind, object_id=thing.pk).delete()


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was ended for somebody who left, and how much of it."""

    browsers: int
    subscriptions: int
    mutes: int


def forget(person: Any) -> Forgotten:
    """For a user who leaves: no more push, none of their own subscriptions or mutes, and what waits is not sent."""
    with transaction.atomic():
        subscriptions = Subscription.objects.to(_own(person)).delete()[0]
        mutes = Mute.objects.filter(user=person).delete()[0]
        return Forgotten(addressing.end(person), subscriptions, mutes)


def _own(person: Any) -> Recipient:
    return recipients.PERSON, str(person.pk)


def _put(to: Recipient, event: str, about: Any, by: Any, **terms: Any) -> None:
    kind = None if about is None else ContentType.objects.get_for_model(about)
    pk = None if about is None else about.pk
    names = {"event": event, "recipient_kind": to[0], "recipient_key": to[1], "object_type": kind, "object_id": pk}
    terms = {"off": False, "planned": 0, **terms}
    row, made = Subscription.objects.update_or_create(
        **names, defaults=terms, create_defaults={**terms, "created_by": by}
    )
    if not made:
        row.plans.all().delete()


def _tell(done: str, to: Recipient, events: Iterable[str], about: Any, by: Any) -> None:
    what = ", ".join(f"“{declared()[key].label}”" for key in events if key in declared())
    people = [person for person in recipients.resolve(*to) if person != by]
    if not (what and people):
        return
    whom = "you" if to[0] == recipients.PERSON else recipients.name(to)
    text = DONE[done].format(by=by, whom=whom, what=what + (f": {about}" if about else ""))
    outbox.tell(people, text, reverse("subscriptions"), about or by, timezone.now())
