"""Incidents: the list, one of them, and the work on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from customers.lists import SHORT, page_of, render_list
from notifications.models import Notice
from outages import actions
from outages.forms import NoteForm, WorkForm
from outages.models import Incident, Incidents
from outages.views.now import may_view

may_work = permission_required("outages.work", raise_exception=True)
SHOWN, TOLD = 25, 50
COLUMNS = {
    "opened": ["opened_at"],
    "customers": ["customers_behind"],
    "equipment": ["equipment__name"],
    "state": ["state"],
}


def _listed(request: HttpRequest) -> Incidents:
    rows = Incident.objects.filter(joined=None).select_related("equipment__site", "owner")
    show = request.GET.get("show", "all")
    if show == "open":
        rows = rows.open()
    elif show == "over":
        rows = rows.exclude(closed_at=None)
    if text := request.GET.get("q", "")[:200].strip():
        rows = rows.search(text)
    return rows


@may_view
def incidents(request: HttpRequest) -> HttpResponse:
    """All incidents, newest first."""
    page = page_of(request, _listed(request), COLUMNS, ("equipment",), SHORT)
    shown = {"show": request.GET.get("show", "all"), "sort": "-opened"}
    return render_list(request, "outages/incidents.html", "outages/incident_rows.html", page, **shown)


@may_view
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """One cause, what it takes away, and the work on it."""
    found = get_object_or_404(Incident.objects.select_related("equipment__site", "owner", "joined"), pk=pk)
    return _page(request, found, WorkForm(instance=found), NoteForm())


def _page(request: HttpRequest, found: Incident, work: WorkForm, note: NoteForm) -> HttpResponse:
    context: dict[str, Any] = {
        "object": found,
        "incident": found,
        "story": _story(found),
        "form": work,
        "note_form": note,
        **_affected(found),
    }
    return render(request, "outages/incident.html", context)


def _story(found: Incident) -> list[dict[str, Any]]:
    """What happened to an incident and who was told of it, newest first."""
    told = Notice.objects.filter(object_type=ContentType.objects.get_for_model(Incident), object_id=found.pk)
    entries = [
        {"at": note.at, "icon": "point", "text": note.text, "by": note.by} for note in found.notes.select_related("by")
    ]
    entries += [
        {
            "at": notice.created_at,
            "icon": "bell",
            "text": f"Told {notice.recipient}: {notice.text}",
            "read_at": notice.read_at,
        }
        for notice in told.order_by("created_at", "pk").prefetch_related("recipient")[:TOLD]
    ]
    return sorted(entries, key=lambda entry: entry["at"], reverse=True)


def _affected(found: Incident) -> dict[str, Any]:
    """The outages behind an incident: those of customers, and those of our own equipment."""
    rows = found.outages.once().select_related("equipment", "customer")
    outages = rows.order_by("customer__name", "started_at", "pk")
    homes, ours = outages.exclude(customer=None), outages.filter(customer=None)
    return {
        "first": outages.filter(equipment=found.equipment).first(),
        "customers": homes[:SHOWN],
        "home_count": homes.count(),
        "customer_count": homes.values("customer").distinct().count(),
        "customers_out": homes.filter(ended_at=None).values("customer").distinct().count(),
        "ours": ours[:SHOWN],
        "our_count": ours.count(),
    }


@may_work
@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it on with one press."""
    found = get_object_or_404(Incident, pk=pk)
    try:
        actions.acknowledge(found, request.user, timezone.now())
    except actions.TooLate:
        messages.warning(request, "This incident is over already.")
    return redirect("now" if request.POST.get("next") == "now" else found)


@may_work
@require_POST
def work(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how the work on it stands."""
    found = get_object_or_404(Incident.objects.select_related("equipment__site", "owner"), pk=pk)
    form = WorkForm(request.POST, instance=found)
    if not form.is_valid() and not found.closed_at:
        return _page(request, Incident.objects.select_related("equipment__site").get(pk=pk), form, NoteForm())
    try:
        actions.work(found, form.chosen(), request.user, timezone.now())
    except actions.TooLate:
        messages.warning(request, "This incident is over already; nothing was changed.")
    return redirect(found)


@may_work
@require_POST
def add_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a line to the timeline."""
    found = get_object_or_404(Incident.objects.select_related("equipment__site", "owner"), pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, WorkForm(instance=found), form)
    actions.say(found, form.cleaned_data["text"], request.user, timezone.now())
    return redirect(found)
