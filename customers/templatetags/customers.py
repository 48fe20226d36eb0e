"""What the pages of customers and equipment can say."""

from __future__ import annotations

from django import template

from customers.equipment.models import Equipment

register = template.Library()


@register.filter
def web(equipment: Equipment) -> str:
    """The address of the device's own web page; "" where it has no IP address."""
    address = equipment.address or ""
    return f"http://[{address}]/" if ":" in address else f"http://{address}/" if address else ""
