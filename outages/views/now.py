"""Now: what goes on at this moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from agents import roster
from customers.models import Customer, Equipment
from outages.models import Check, Incident, Outage
from outages.strips import merged, strip

may_view = permission_required("outages.view", raise_exception=True)
SLOTS, SHOWN = 48, 100


@may_view
def now(request: HttpRequest) -> HttpResponse:
    """The desk's first page."""
    return render(request, "outages/now.html", _board())


@may_view
def board(request: HttpRequest) -> HttpResponse:
    """What changes of it, as a fragment."""
    return render(request, "outages/now_board.html", _board())


def _board() -> dict[str, Any]:
    at = timezone.now()
    since = at - timedelta(days=1)
    incidents = Incident.objects.select_related("equipment__site", "equipment__customer", "owner")
    going_on = incidents.open()
    states = dict(Equipment.objects.current().order_by().values_list("state").annotate(n=Count("pk")))
    # Not `between`: that none begins after now goes without saying, and asked for it would lead through all of them.
    day = merged(Outage.objects.since(since).order_by().values_list("equipment", "started_at", "ended_at"))
    return {
        "open": going_on.order_by("-customers_behind", "opened_at", "pk")[:SHOWN],
        "open_count": going_on.count(),
        "over": incidents.filter(closed_at__gte=since, joined=None).order_by("-closed_at")[:10],
        "customers_out": Customer.objects.current().in_outage().count(),
        "states": states,
        "looked_at": Check.objects.looked_at().exists(),
        "to_sort": Check.objects.in_triage().filter(sorted_as="").count() if states.get("unknown") else 0,
        "strip": strip(day, since, at, SLOTS, roster.silences(since, at)),
        "outages_of_day": len(day),
    }
