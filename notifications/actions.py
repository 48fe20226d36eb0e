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
from notifications.duty import actions as rota
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


Terms = Mapping[str, Any]


def choose(to: Recipient, about: Any, wanted: Mapping[str, Terms], among: Iterable[str], by: Any) -> None:
    """Of the events `among`, let `to` hear of those `wanted`, each with its terms, about one object (None: all).

    The terms are fields of the subscription by name; what they leave out stays as it is in force.
    """
    among = list(among)
    with transaction.atomic():
        rows = Subscription.objects.to(to).about(about).filter(event__in=among, off=False)
        had = {row.event: row for row in rows.select_for_update()}
        new = [key for key in wanted if key not in had]
        for key in new:
            _put(to, key, about, by, **wanted[key])
        other = [key for key in wanted if key in had and _change(had[key], wanted[key])]
        gone = [key for key in among if key in had and key not in wanted]
        for key in gone:
            had[key].delete()
        for done, keys in (("subscribed", new), ("changed", other), ("unsubscribed", gone)):
            _tell(done, to, keys, about, by)


def subscribe(to: Recipient, event: str, about: Any, by: Any, **terms: Any) -> None:
    """Let `to` hear of an event of one object, or of all (None), on these terms; nothing where they do."""
    rows = Subscription.objects.to(to).about(about).filter(event=event, off=False)
    if not rows.exists():
        choose(to, about, {event: terms}, [event], by)


def unsubscribe(row: Subscription, by: Any) -> None:
    """End a subscription."""
    with transaction.atomic():
        found = Subscription.objects.select_for_update().filter(pk=row.pk).first()
        if found is not None:
            found.delete()
            _tell("unsubscribed", row.recipient, [row.event], row.about, by)


def change(row: Subscription, by: Any, **terms: Any) -> None:
    """Other terms: numbers asked for, tags, channels and what else a subscription says."""
    change_all([(row, terms)], by)


def change_all(wanted: Iterable[tuple[Subscription, Terms]], by: Any) -> int:
    """Other terms for several subscriptions of one recipient, who is told once; how many were other ones."""
    with transaction.atomic():
        terms = {row.pk: found for row, found in wanted}
        rows = Subscription.objects.select_for_update().filter(pk__in=terms, off=False).order_by("pk")
        other = [row for row in rows if _change(row, terms[row.pk])]
        if other:
            about = other[0].about if len(other) == 1 else None
            _tell("changed", other[0].recipient, [row.event for row in other], about, by)
    return len(other)


def _change(row: Subscription, terms: Terms) -> bool:
    """Write down what is new of a locked row; was there anything?"""
    other = {name: value for name, value in terms.items() if getattr(row, name) != value}
    if not other:
        return False
    for name, value in other.items():
        setattr(row, name, value)
    # Saved, not updated, so that the log of who changed what hears of it.
    row.save(update_fields=list(other))
    return True


def turn_off(person: Any, row: Subscription, by: Any) -> None:
    """For this user alone: hear nothing of what everybody of a role hears; nothing where that cannot be refused."""
    if not recipients.is_refusable(row.recipient):
        return
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
    """For a user who leaves: no push, no subscriptions or mutes of their own, no duty, and what waits is not sent."""
    with transaction.atomic():
        subscriptions = Subscription.objects.to(_own(person)).delete()[0]
        mutes = Mute.objects.filter(user=person).delete()[0]
        rota.forget(person)
        return Forgotten(addressing.end(person), subscriptions, mutes)


def _own(person: Any) -> Recipient:
    return recipients.PERSON, str(person.pk)


def _put(to: Recipient, event: str, about: Any, by: Any, **terms: Any) -> None:
    kind = None if about is None else ContentType.objects.get_for_model(about)
    pk = None if about is None else about.pk
    names = {"event": event, "recipient_kind": to[0], "recipient_key": to[1], "object_type": kind, "object_id": pk}
    terms = {"off": False, "planned": 0, **terms}
    Subscription.objects.update_or_create(**names, defaults=terms, create_defaults={**terms, "created_by": by})


def _tell(done: str, to: Recipient, events: Iterable[str], about: Any, by: Any) -> None:
    what = ", ".join(f"“{declared()[key].label}”" for key in events if key in declared())
    people = [person for person in recipients.resolve(*to) if person != by]
    if not (what and people):
        return
    whom = "you" if to[0] == recipients.PERSON else recipients.name(to)
    text = DONE[done].format(by=by, whom=whom, what=what + (f": {about}" if about else ""))
    outbox.tell(people, text, reverse("subscriptions"), about or by, timezone.now())
