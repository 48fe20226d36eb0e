"""What the search in the head finds on this floor."""

from __future__ import annotations

from typing import Any

from customers.models import Equipment
from customers.search import Found
from outages.models import Incident


def open_incidents(text: str, limit: int, user: Any) -> list[Found]:
    """Open incidents by what is down: its name, address or make, its customer or its site."""
    if not text.strip() or not user.has_perm("outages.view"):
        return []
    rows = Incident.objects.open().filter(equipment__in=Equipment.objects.search(text)).select_related("equipment")
    return [
        Found(
            incident.title, incident.sentence or "Open incident", incident.get_absolute_url(), "urgent", incident.state
        )
        for incident in rows.order_by("-customers_behind")[:limit]
    ]


SEARCH = [open_incidents]
