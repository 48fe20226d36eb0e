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
    # Few are open: only their equipment is searched.
    down = Equipment.objects.filter(pk__in=list(Incident.objects.open().order_by().values_list("equipment", flat=True)))
    rows = Incident.objects.open().filter(equipment__in=down.search(text)).select_related("equipment")
    return [
        Found(
            incident.title, incident.sentence or "Open incident", incident.get_absolute_url(), "urgent", incident.state
        )
        for incident in rows.order_by("-customers_behind")[:limit]
    ]


SEARCH = [open_incidents]
