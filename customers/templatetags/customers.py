"""What the pages of customers and equipment can say."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from customers.equipment.models import Equipment
from customers.meters.forms import ReadingForm

register = template.Library()
READINGS = 3


@register.filter
def web(equipment: Equipment) -> str:
    """The address of the device's own web page; "" where it has no IP address."""
    address = equipment.address or ""
    return f"http://[{address}]/" if ":" in address else f"http://{address}/" if address else ""


@register.simple_tag
def warranty(equipment: Equipment) -> SafeString:
    """Until when there is a warranty, and that it is over where it is."""
    day = equipment.warranty_until
    if day is None:
        return SafeString("")
    over = day < timezone.localdate()
    return format_html("{} {}", "ended on" if over else "until", date_format(day, "j M Y"))


@register.inclusion_tag("customers/meter_card.html", takes_context=True)
def meter_card(context: Any, equipment: Equipment) -> dict[str, Any]:
    """What a meter says, the form for what it says now, and its last readings; nothing where there is none."""
    if not equipment.meter_unit:
        return {}
    form = ReadingForm(equipment=equipment, by=context["user"], auto_id="meter_%s")
    readings = equipment.meter_readings.select_related("equipment", "by").newest_first()[:READINGS]
    return {"equipment": equipment, "form": form, "readings": readings, "perms": context["perms"]}
