"""What the pages of the floor below show of outages: templates are where floors meet."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone

from customers.models import Customer, Equipment, Site
from outages import looking
from outages.history import points
from outages.models import Check, Incident, Outage

register = template.Library()
RECENT = 10


@register.filter
def may(user: Any, permission: str) -> bool:
    """May this user do that?"""
    return bool(user.has_perm(permission))


@register.filter
def from_epoch(seconds: float) -> datetime:
    """A time from epoch seconds."""
    return datetime.fromtimestamp(seconds, UTC)


@register.filter
def as_json(value: Any) -> str:
    """An object as it came from another system, to be read by people."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _recent(rows: Any) -> dict[str, Any]:
    found = list(rows.once().select_related("equipment", "customer", "incident__equipment")[: RECENT + 1])
    return {"outages": found[:RECENT], "more": len(found) > RECENT}


@register.inclusion_tag("outages/parts/recent.html")
def customer_outages(customer: Customer) -> dict[str, Any]:
    """A customer's outages, newest first."""
    return {**_recent(Outage.objects.filter(customer=customer)), "of": "customer", "search": customer.name}


@register.inclusion_tag("outages/parts/recent.html")
def equipment_outages(equipment: Equipment) -> dict[str, Any]:
    """The outages of a piece of equipment, newest first."""
    return {**_recent(Outage.objects.filter(equipment=equipment)), "of": "equipment", "search": equipment.name}


@register.inclusion_tag("outages/parts/recent.html")
def site_outages(site: Site) -> dict[str, Any]:
    """The outages at a site, newest first."""
    return {**_recent(Outage.objects.filter(site=site)), "of": "site", "search": ""}


@register.inclusion_tag("outages/parts/callers.html")
def callers_line(customer: Customer) -> dict[str, Any]:
    """What may be said to a customer on the phone: which incident they are in, since when, and until when."""
    outage = Outage.objects.open().filter(customer=customer).select_related("incident__equipment").first()
    return {"customer": customer, "outage": outage, "incident": outage.incident if outage else None}


@register.simple_tag
def with_outages(found: Iterable[Any]) -> list[tuple[Any, Outage | None]]:
    """What a search found, each with the outage that its customer is in, if they are in one; one query for all."""
    found = list(found)
    keys = {one.customer for one in found if getattr(one, "customer", None)}
    rows = Outage.objects.open().filter(customer__in=keys).select_related("incident__equipment") if keys else ()
    outages = {row.customer_id: row for row in rows}
    return [(one, outages.get(getattr(one, "customer", None))) for one in found]


@register.inclusion_tag("outages/parts/looking.html", takes_context=True)
def equipment_checks(context: Any, equipment: Equipment) -> dict[str, Any]:
    """How a piece of equipment is looked at, what came back, its chart, and ping and trace."""
    return looking_at(context, equipment)


def looking_at(context: Any, equipment: Equipment) -> dict[str, Any]:
    """The checks of a piece of equipment with their last reading, and its incident."""
    checks = list(equipment.checks.all())
    return {
        "equipment": equipment,
        "checks": _with_last(checks),
        "unasked": any(not check.of_source for check in checks),
        "refused": equipment.address and looking.is_refused(equipment.address),
        "incident": Incident.objects.open().filter(equipment=equipment).first(),
        "user": context["user"],
        "request": context["request"],
    }


def _with_last(checks: Iterable[Check]) -> list[dict[str, Any]]:
    now = timezone.now()
    found = []
    for check in checks:
        check_points = points(check, now - timedelta(seconds=max(120, 3 * check.interval)), now)
        found.append({"check": check, "last": check_points[-1] if check_points else None})
    return found
