"""What the search in the head of every page finds here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from customers.models import Customer, Equipment, Kind, Site

ICONS = {
    Kind.ROUTER: "router",
    Kind.SWITCH: "server",
    Kind.PTP: "antenna",
    Kind.AP: "access-point",
    Kind.CPE: "antenna-bars-5",
    Kind.OTHER: "device-unknown",
}


@dataclass(frozen=True)
class Found:
    """One thing that a search found: where it is, and how it is; `state` is "" where it has none.

    `customer` is the key of a customer who is down: a floor above knows what they may be told.
    """

    title: str
    detail: str
    url: str
    icon: str
    state: str = ""
    customer: int | None = None


def customers(text: str, limit: int, user: Any) -> list[Found]:
    """Customers by name, account, phone number, e-mail or street; the best first."""
    rows = _best(Customer.objects.current(), text, limit, user)
    return [
        Found(
            title=str(found),
            detail=found.detail,
            url=found.get_absolute_url(),
            icon="building" if found.is_company else "user",
            state="suspended" if found.suspended else found.state,
            customer=found.pk if found.state == Customer.State.DOWN and not found.suspended else None,
        )
        for found in rows
    ]


def equipment(text: str, limit: int, user: Any) -> list[Found]:
    """Equipment by name, IP address, MAC, serial number or make, or by whom it serves; the best first."""
    rows = _best(Equipment.objects.current().select_related("customer"), text, limit, user)
    icon = {str(kind): name for kind, name in ICONS.items()}
    return [Found(str(found), found.detail, found.get_absolute_url(), icon[found.kind], found.state) for found in rows]


def sites(text: str, limit: int, user: Any) -> list[Found]:
    """Sites by name or address; the best first."""
    icon = "building-broadcast-tower"
    rows = _best(Site.objects.current(), text, limit, user)
    return [Found(str(found), found.detail, found.get_absolute_url(), icon) for found in rows]


def _best(rows: Any, text: str, limit: int, user: Any) -> Any:
    if not text.strip() or not user.has_perm("customers.view"):
        return []
    return rows.search(text).best_first(text)[:limit]


SEARCH: list[Callable[[str, int, Any], list[Found]]] = [customers, equipment, sites]
