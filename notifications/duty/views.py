"""The page of the rota: the week, who is on now, and the turns and covers that make it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifications.channels.channel import named
from notifications.duty import actions, on_duty, week
from notifications.duty.forms import CoverForm, TurnForm
from notifications.duty.models import Cover, Rank, Turn

may_view = permission_required("notifications.view_duty", raise_exception=True)
may_change = permission_required("notifications.change_duty", raise_exception=True)
SHOWN = 50


@may_view
def duty(request: HttpRequest) -> HttpResponse:
    """Who is on duty now, and in the week asked for (?week= any day of it)."""
    now = timezone.now()
    here = on_duty.at(now)
    context = {
        "week": week.of(week.monday(request.GET.get("week", ""), now), now),
        "this_week": week.monday("", now),
        "ranks": [(Rank.FIRST, _reached(here.first)), (Rank.SECOND, _reached(here.second))],
        "nobody": not here.in_order,
        "turns": Turn.objects.select_related("person"),
        "covers": Cover.objects.filter(ends_at__gt=now).select_related("person")[:SHOWN],
        "unreachable": on_duty.unreachable(now),
    }
    return render(request, "notifications/duty.html", context)


def _reached(people: list[Any]) -> list[dict[str, Any]]:
    """Each of these people, with the roads outside the inbox that lead to them."""
    roads = on_duty.roads(people)
    return [{"person": one, "roads": [(named(way.channel), way) for way in roads[one.pk]]} for one in people]


@may_change
def turn(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add or change a turn."""
    row = get_object_or_404(Turn, pk=pk) if pk else Turn()
    form = TurnForm(request.POST or None, instance=row)
    return _form(request, form, "Change the turn" if pk else "Add a turn")


@may_change
def cover(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add or change who stands in."""
    row = get_object_or_404(Cover, pk=pk) if pk else Cover()
    form = CoverForm(request.POST or None, instance=row)
    return _form(request, form, "Change who stands in" if pk else "Somebody stands in")


def _form(request: HttpRequest, form: TurnForm | CoverForm, heading: str) -> HttpResponse:
    if form.is_valid():
        actions.save(form.save(commit=False), request.user, timezone.now())
        messages.success(request, f"{form.instance.person}: {actions.words(form.instance)}.")
        return redirect("duty")
    context = {"form": form, "heading": heading, "kind": "Duty", "cancel": reverse("duty")}
    return render(request, "parts/form_page.html", context)


@may_change
@require_POST
def remove_turn(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a turn out of the rota; once it is gone, nothing."""
    return _remove(request, Turn.objects.select_related("person").filter(pk=pk).first())


@may_change
@require_POST
def remove_cover(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody stands in after all; once it is gone, nothing."""
    return _remove(request, Cover.objects.select_related("person").filter(pk=pk).first())


def _remove(request: HttpRequest, row: Turn | Cover | None) -> HttpResponse:
    if row is not None:
        actions.remove(row, request.user, timezone.now())
        messages.success(request, f"Taken out: {row.person}, {actions.words(row)}.")
    return redirect("duty")
