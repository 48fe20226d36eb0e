"""Outages: all of them, kept for good."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from customers.lists import SHORT, End, page_of, render_list
from outages.models import Outage, Outages
from outages.views.now import may_view

COLUMNS: dict[str, list[str]] = {
    "started": ["started_at"],
    "ended": [End("ended_at")],
    "equipment": ["equipment__name"],
    "customer": ["customer__name"],
}
ONLY_SHORT = ("equipment", "customer")


def _listed(request: HttpRequest) -> Outages:
    rows = Outage.objects.select_related("equipment", "customer", "site", "incident__equipment", "check_of")
    show = request.GET.get("show", "all")
    if show == "open":
        rows = rows.open()
    elif show == "over":
        rows = rows.exclude(ended_at=None)
    if (incident := request.GET.get("incident", "")).isdecimal() and len(incident) < 19:
        # As the incident's page counts them.
        rows = rows.filter(incident=int(incident)).once()
    if text := request.GET.get("q", "")[:200].strip():
        rows = rows.search(text)
    return rows


@may_view
def outages(request: HttpRequest) -> HttpResponse:
    """All outages, newest first."""
    page = page_of(request, _listed(request), COLUMNS, ONLY_SHORT, SHORT)
    shown = {"show": request.GET.get("show", "all"), "sort": "-started"}
    return render_list(request, "outages/outages.html", "outages/outage_rows.html", page, **shown)


@may_view
def outage(request: HttpRequest, pk: int) -> HttpResponse:
    """One outage, with the reading that opened it and the one that closed it."""
    rows = Outage.objects.select_related("equipment", "customer", "site", "incident__equipment", "check_of")
    found = get_object_or_404(rows, pk=pk)
    return render(request, "outages/outage.html", {"object": found, "outage": found})
