"""Extending: what is told only if it lasts may be put off once, with a reason, by whoever looks after its object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from notifications import audit, interest, recipients
from notifications.event import Audience, Event, declared
from notifications.matching import Match
from notifications.models import Plan
from notifications.plans import dues, mark
from notifications.recipients import Recipient

MAY_EXTEND = "notifications.extend"
SHOWN = 20


class Refused(ValueError):
    """It cannot be put off; the text says why."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that will be told of an object: of which event, to whom, and whether a user may put it off."""

    plan: Plan
    event: Event
    whom: str
    extendable: bool


def extend(plan: Plan, by: Any, longer: timedelta, why: str, now: datetime) -> Plan:
    """Tell it so much later, if it is still so then; raises Refused for one that was put off or told already."""
    if not why.strip():
        raise Refused("Say why.")
    with transaction.atomic():
        row = Plan.objects.select_for_update(of=("self",)).filter(pk=plan.pk).first()
        if row is None:
            raise Refused("It was told meanwhile, or is not waited for any more.")
        if row.extended_why:
            who = row.extended_by or "somebody who has left"
            raise Refused(f"It was put off already, by {who}: {row.extended_why}")
        row.due_at = max(row.due_at, now) + longer
        row.extended_by, row.extended_why = by, why.strip()
        row.save(update_fields=["due_at", "extended_by", "extended_why"])
        audit.note("extend", f"until {row.due_at:%F %T} UTC: {row.extended_why}", row.about or "")
    return row


def may_extend(user: Any, plan: Plan) -> bool:
    """May this user put it off: one who looks after such objects, or whom it would be told?"""
    return user.has_perm(MAY_EXTEND) or plan.subscription.recipient in recipients.reaching(user)


def _names(wanted: set[Recipient]) -> dict[Recipient, str]:
    """What these are called in a sentence; the people by one question for all."""
    people = recipients.resolve_all(one for one in wanted if one[0] == recipients.PERSON)
    return {one: str(people[one][0]) if people.get(one) else recipients.name(one) for one in wanted}


def waiting(thing: models.Model, user: Any, now: datetime) -> Iterator[Waiting]:
    """What will be told of an object unless it changes, the next first; what is personal is nobody else's to see."""
    kind = ContentType.objects.get_for_model(thing)
    shown = [key for key, event in declared().items() if event.audience is not Audience.PERSONAL]
    rows = Plan.objects.filter(object_type=kind, object_id=thing.pk, event__in=shown)
    found = list(rows.select_related("subscription", "extended_by").order_by("due_at", "pk")[:SHOWN])
    lasting = _lasting(thing, now) if found else set()
    own, names = recipients.own(user), _names({plan.subscription.recipient for plan in found})
    mine = None if user.has_perm(MAY_EXTEND) or not found else set(recipients.reaching(user))
    for plan in found:
        to = plan.subscription.recipient
        may = not plan.extended_why and (plan.subscription_id, plan.event, plan.mark) in lasting
        whom = "you" if to == own else names[to]
        yield Waiting(plan, declared()[plan.event], whom, may and (mine is None or to in mine))


def can_last(plan: Plan, now: datetime) -> bool:
    """Is it told because something lasts? What is told ahead of a moment cannot wait."""
    return plan.about is not None and (plan.subscription_id, plan.event, plan.mark) in _lasting(plan.about, now)


def _lasting(thing: models.Model, now: datetime) -> set[tuple[int, str, str]]:
    events = [event for event in declared().values() if event.of == thing._meta.label and event.plans is not None]
    interest.wanted(thing._meta.label)
    match = Match(thing, now)
    return {
        (wish.pk, event.key, mark(due))
        for event, wishes, _ in match.wishes(events)
        for wish in wishes
        for due in dues(event, wish, match)
        if due.before is None
    }
