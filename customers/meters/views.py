"""The meter of a piece of equipment: what it said, and what it says now."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from customers.equipment.models import Equipment
from customers.lists import page_of
from customers.meters import actions
from customers.meters.forms import AskingForm
from customers.meters.models import MeterReading

may_see = permission_required("customers.view", raise_exception=True)
MAY_READ = "customers.read_meters"
may_read = permission_required(MAY_READ, raise_exception=True)


@may_see
def meter(request: HttpRequest, pk: int) -> HttpResponse:
    """All readings of a meter; POST adds one."""
    found = get_object_or_404(Equipment, pk=pk)
    if request.method == "POST" and not request.user.has_perm(MAY_READ):
        raise PermissionDenied
    form = AskingForm(request.POST if request.method == "POST" else None, equipment=found, by=request.user)
    if request.method == "POST" and form.write():
        messages.success(request, f"Written down: {form.instance}.")
        return redirect(found)
    mine = actions.may_take_back(request.user)
    page = page_of(request, MeterReading.objects.filter(equipment=found).select_related("equipment", "by"), {})
    takeable = set(MeterReading.objects.filter(mine, pk__in=[one.pk for one in page]).values_list("pk", flat=True))
    context = {"equipment": found, "page_obj": page, "form": form, "takeable": takeable}
    return render(request, "customers/meter.html", context)


@may_read
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, and on POST forget a reading that was written by mistake."""
    rows = MeterReading.objects.filter(actions.may_take_back(request.user)).select_related("equipment")
    found = get_object_or_404(rows, pk=pk)
    if request.method == "POST":
        actions.take_back(found)
        messages.success(request, "The reading is taken back.")
        return redirect(found)
    context = {"heading": f"Take back {found}?", "submit": "Take back", "danger": True}
    text = f"As if {found.equipment} had never been read at this time. What was told because of it stays told."
    return render(request, "parts/confirm.html", context | {"text": text, "cancel": found.get_absolute_url()})
