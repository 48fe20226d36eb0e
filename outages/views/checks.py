"""Checks: what is looked at, how often, and by which rule."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from customers.equipment.forms import EquipmentForm
from customers.models import Equipment, Kind
from outages import actions
from outages.forms import CheckForm, FirstCheckForm
from outages.models import TWICE, Check

may_change = permission_required("outages.change_checks", raise_exception=True)
may_add_equipment = permission_required(["customers.change_network", "outages.change_checks"], raise_exception=True)
GIVEN = ("site", "customer", "uplink", "kind")


@may_add_equipment
def add_equipment(request: HttpRequest) -> HttpResponse:
    """New equipment with its first check, in one form."""
    # What is added from a customer's page stands there; anything else is rather the network's own, which is told of.
    usual = {"kind": Kind.CPE if "customer" in request.GET else Kind.ROUTER}
    initial = usual | {name: request.GET[name] for name in GIVEN if name in request.GET}
    form = EquipmentForm(request.POST or None, initial=initial)
    check = FirstCheckForm(request.POST or None, prefix="check")
    wants_check = check["look"].value() not in (False, None, "", "false", "off")
    if not wants_check:
        check.errors.clear()
    if request.method == "POST" and form.is_valid() and check.is_valid():
        saved = actions.add_equipment(form, check.save(commit=False) if wants_check else None)
        messages.success(request, f"{saved} was added.")
        return redirect(saved)
    return render(request, "outages/equipment_add.html", {"form": form, "check_form": check})


@may_change
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Another check of a piece of equipment."""
    equipment = get_object_or_404(Equipment, pk=pk)
    return _form(request, Check(equipment=equipment), f"Look at {equipment}")


@may_change
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another interval or rule for a check."""
    check = get_object_or_404(Check.objects.select_related("equipment"), pk=pk)
    return _form(request, check, f"How {check.equipment} is looked at")


def _form(request: HttpRequest, check: Check, heading: str) -> HttpResponse:
    form = CheckForm(request.POST or None, instance=check)
    if form.is_valid() and _saved(form):
        how = "It is looked at this way from now on." if check.on else "It is switched off."
        messages.success(request, f"Saved. {how}")
        return redirect(check.equipment)
    context = {"form": form, "heading": heading, "kind": "Check", "submit": "Save", "check": check}
    return render(request, "outages/check_form.html", {**context, "cancel": check.equipment.get_absolute_url()})


def _saved(form: CheckForm) -> bool:
    """Save; False where somebody else (or the same press of a button) made that check in this moment."""
    try:
        actions.save_check(form.save(commit=False))
    except IntegrityError:
        form.add_error(None, TWICE)
        return False
    return True


@may_change
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop looking this way, after asking once."""
    check = get_object_or_404(Check.objects.select_related("equipment"), pk=pk)
    if request.method == "POST":
        actions.delete_check(check)
        messages.success(request, "The check was deleted; its outages stay in the history.")
        return redirect(check.equipment)
    context = {"check": check, "submit": "Delete the check", "danger": True}
    return render(request, "outages/check_delete.html", {**context, "cancel": check.equipment.get_absolute_url()})
