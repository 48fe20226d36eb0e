"""What the page of any object says of its notices, without naming them."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from notifications import matching, recipients
from notifications.event import concerning

register = template.Library()


@register.inclusion_tag("notifications/subscribe_bell.html", name="subscribe_menu")
def subscribe_menu(thing: Any) -> dict[str, Any]:
    """The bell of an object: how many of us listen, and the way to choose what of. Nothing for what has no events."""
    if not thing or not concerning(thing._meta.label):
        return {}
    return {"thing": thing, "label": thing._meta.label_lower, "count": len(matching.listeners(thing, timezone.now()))}


@register.filter
def label_of(thing: Any) -> str:
    """The label of a thing's model, as the addresses of this floor have it."""
    return str(thing._meta.label_lower)


@register.filter
def called(recipient: recipients.Recipient) -> str:
    """What a recipient is called in a sentence."""
    return recipients.name(recipient)
