"""What the search in the head finds on this floor."""

from __future__ import annotations

from typing import Any

from customers.search import Found
from outages.models import Incident


def open_incidents(text: str, limit: int, user: Any) -> list[Found]:
    """Open incidents by the name of what is down, or of a site it takes away."""
    if not user.has_perm("outages.view"):
        return []
    rows = Incident.objects.open().select_related("equipment__site")
    rows = rows.filter(equipment__name__icontains=text) | rows.filter(equipment__site__name__icontains=text)
    return [
        Found(
            incident.title, incident.sentence or "Open incident", incident.get_absolute_url(), "urgent", incident.state
        )
        for incident in rows.order_by("-customers_behind")[:limit]
    ]


SEARCH = [open_incidents]
