"""Outages: all of them, kept for good."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from outages.models import Outage, Outages
from outages.views.incidents import ordering
from outages.views.now import may_view

SORTS = {"started": "started_at", "ended": "ended_at", "equipment": "equipment__name", "customer": "customer__name"}


def _listed(request: HttpRequest) -> Outages:
    rows = Outage.objects.select_related("equipment", "customer", "site", "incident__equipment", "check_of")
    show = request.GET.get("show", "all")
    if show == "open":
        rows = rows.open()
    elif show == "over":
        rows = rows.exclude(ended_at=None)
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(equipment__name__icontains=text) | rows.filter(customer__name__icontains=text)
    return rows.order_by(ordering(request, SORTS, "-started"), "-pk")


@may_view
def outages(request: HttpRequest) -> HttpResponse:
    """All outages, newest first."""
    page = Paginator(_listed(request), 50).get_page(request.GET.get("page"))
    context = {"page_obj": page, "rows_template": "outages/outage_rows.html", "show": request.GET.get("show", "all")}
    return render(request, context["rows_template"] if request.htmx else "outages/outages.html", context)


@may_view
def outage(request: HttpRequest, pk: int) -> HttpResponse:
    """One outage, with the reading that opened it and the one that closed it."""
    rows = Outage.objects.select_related("equipment", "customer", "site", "incident__equipment", "check_of")
    return render(request, "outages/outage.html", {"outage": get_object_or_404(rows, pk=pk)})
