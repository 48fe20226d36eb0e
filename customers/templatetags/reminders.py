"""One's own reminders of an object, on its page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from customers.reminders.models import LONGEST, Reminder, may_be_of
from customers.reminders.times import offers

register = template.Library()
SHOWN = 5


@register.inclusion_tag("customers/reminders_panel.html", takes_context=True)
def reminders_panel(context: Any, thing: Any) -> dict[str, Any]:
    """The open reminders of an object that are for this user or by them, and a new one with one press."""
    if not may_be_of(type(thing)):
        return {}
    rows = Reminder.objects.seen_by(context["user"]).open().about(thing).soonest_first()
    return {
        "thing": thing,
        "label": thing._meta.label_lower,
        "mine": rows.select_related("user", "created_by")[:SHOWN],
        "offers": offers(timezone.now(), timezone.get_current_timezone()),
        "longest": LONGEST,
        "now": timezone.now(),
        "user": context["user"],
    }
