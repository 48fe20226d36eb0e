"""What the page of any object says of its notices, without naming them."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from notifications import extending, hearing, matching, recipients
from notifications.delivery import log
from notifications.event import concerning, of
from notifications.models import Delivery
from notifications.reports import making
from notifications.terms import TermsForm
from notifications.writing import GeneralForm

register = template.Library()


@register.inclusion_tag("notifications/subscribe_bell.html", name="subscribe_menu", takes_context=True)
def subscribe_menu(context: Any, thing: Any) -> dict[str, Any]:
    """The bell of an object: how many of us listen, whether one has muted it, and the way to choose what of.

    Nothing for what has no events.
    """
    if not thing or not concerning(thing._meta.label):
        return {}
    user, now = context.get("user"), timezone.now()
    ends = matching.muted(thing, user, now) if user else []
    until = max((end for end in ends if end), default=None) if None not in ends else None
    found = {"muted": bool(ends), "until": until, "count": len(matching.listeners(thing, now))}
    return {"thing": thing, "label": thing._meta.label_lower} | found


@register.inclusion_tag("notifications/send_bell.html", takes_context=True)
def send_notice(context: Any, thing: Any) -> dict[str, Any]:
    """The way to write to others about an object; nothing for what has no reports, or who may not write."""
    subject = making.subjects().get(thing._meta.label_lower) if thing else None
    user = context.get("user")
    if subject is None or user is None or not all(map(user.has_perm, ("notifications.send", subject.permission))):
        return {}
    return {"thing": thing, "label": thing._meta.label_lower}


@register.inclusion_tag("notifications/waiting_plans.html", takes_context=True)
def waiting_plans(context: Any, thing: Any) -> dict[str, Any]:
    """What will be told of an object unless it changes: to whom, when, and whether this user may put it off."""
    user = context.get("user")
    if not thing or user is None or not any(event.plans for event in of(thing._meta.label)):
        return {}
    return {"waiting": list(extending.waiting(thing, user, timezone.now()))}


@register.inclusion_tag("notifications/general.html", takes_context=True)
def general_notices(context: Any, person: Any) -> dict[str, Any]:
    """What everyone has, and by which channels this user gets it; nothing for a role."""
    user = context.get("user")
    if person is None or user is None:
        return {}
    around = {name: context.get(name) for name in ("csrf_token", "request", "user")}
    return around | {"form": GeneralForm(person, user), "person": person, "is_mine": person == user}


@register.inclusion_tag("notifications/own_deliveries.html")
def own_deliveries(person: Any) -> dict[str, Any]:
    """The last that was sent to the addresses of a person, for themselves."""
    return {"lines": log.own(person)}


@register.filter
def label_of(thing: Any) -> str:
    """The label of a thing's model, as the addresses of this floor have it."""
    return str(thing._meta.label_lower)


@register.filter
def called(recipient: recipients.Recipient) -> str:
    """What a recipient is called in a sentence."""
    return recipients.name(recipient)


@register.filter
def by_channel(delivery: Delivery) -> str:
    """By which channel somebody was told, and what came of it."""
    label = hearing.channel_label(delivery.address.channel) if delivery.address else delivery.gone
    faults = [attempt.error for attempt in delivery.attempts.all() if attempt.error]
    fault = f": {faults[-1]}" if faults and delivery.state != Delivery.State.DONE else ""
    return f"{label}: {Delivery.State(delivery.state).label.lower()}{fault}"


@register.filter
def trial(form: TermsForm, about: Any) -> str:
    """The query that asks what the terms of a form would have sent; the fields are added by the page."""
    if form.row:
        return urlencode({"row": str(form.row.pk), "prefix": str(form.prefix or "")})
    of_one: dict[str, str] = {"about": f"{about._meta.label_lower}:{about.pk}"} if about else {}
    asked: dict[str, str] = {"event": form.event.key, "for": ":".join(form.reach.to), "prefix": form.prefix or ""}
    return urlencode(asked | of_one)


@register.filter
def whose_page(value: str) -> str:
    """Where it stands what a recipient ("role:engineer") hears of."""
    return reverse("subscriptions_of", args=value.split(":", 1))
