"""Pages of equipment; what is added comes with its first check, and is therefore a page of the outages."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from customers import removal_views
from customers.equipment.forms import EquipmentFilter, EquipmentForm
from customers.equipment.models import Equipment, State
from customers.equipment.uplinks import chain, reach
from customers.lists import page_of, render_list
from customers.type_ahead import suggest

COLUMNS = {
    "name": ("name",),
    "kind": ("kind", "name"),
    "state": ("state", "state_since"),
    "address": ("address_order",),
    "site": ("site__name", "name"),
    "customer": ("customer__name", "name"),
}
SHOWN = 100
WORST_FIRST = Case(When(state=State.DOWN, then=Value(0)), When(state=State.DEGRADED, then=Value(1)), default=Value(2))

may_see = permission_required("customers.view", raise_exception=True)
may_change = permission_required("customers.change_network", raise_exception=True)


@may_see
def equipments(request: HttpRequest) -> HttpResponse:
    """The list of equipment."""
    chosen = EquipmentFilter(request.GET)
    rows = chosen.narrow(Equipment.objects.select_related("site", "customer").with_tags())
    page = page_of(request, rows, COLUMNS)
    rows_template = "customers/equipments_rows.html"
    return render_list(request, "customers/equipments.html", rows_template, page, filter=chosen)


@may_see
def equipment(request: HttpRequest, pk: int) -> HttpResponse:
    """One device: its state, its place, and what hangs on it."""
    rows = Equipment.objects.select_related("site", "customer", "uplink").with_tags()
    found = get_object_or_404(rows, pk=pk)
    downlinks = found.downlinks.current().select_related("customer").order_by(WORST_FIRST, "name", "pk")
    shown = list(downlinks[: SHOWN + 1])
    below = reach(pk)
    context = {
        "object": found,
        "equipment": found,
        "chain": chain(pk)[::-1],
        "downlinks": [(downlink, below.by_branch.get(downlink.pk, 0)) for downlink in shown[:SHOWN]],
        "more": len(shown) > SHOWN,
        "below": below,
    }
    return render(request, "customers/equipment.html", context)


@may_see
def choices(request: HttpRequest) -> HttpResponse:
    """Suggestions for a field in which equipment is chosen."""
    return suggest(request, Equipment.objects.current().select_related("customer"))


@may_change
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change equipment."""
    found = get_object_or_404(Equipment, pk=pk)
    name, back = str(found), found.get_absolute_url()
    form = EquipmentForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    return render(request, "parts/form_page.html", {"form": form, "heading": f"Change {name}", "cancel": back})


@may_change
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete equipment that nothing hangs on."""
    found, instead = get_object_or_404(Equipment, pk=pk), reverse("equipment_archive", args=[pk])
    return removal_views.delete_page(request, found, reverse("equipments"), instead)


@may_change
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive equipment, or bring it back unless another has its address by now."""
    found = get_object_or_404(Equipment, pk=pk)
    rival = found.rival() if found.archived_at else None
    if rival:
        messages.error(request, f"{rival} has its IP address or MAC by now: change one of them, then bring it back.")
        return redirect(found)
    return removal_views.archive_page(request, found)
