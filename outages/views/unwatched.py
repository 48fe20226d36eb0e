"""The page on which everything that nobody looks at yet gets a check."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from customers.models import Kind
from outages import unwatched
from outages.forms import LookAtAllForm
from outages.views.checks import may_change


@may_change
def look_at_all(request: HttpRequest) -> HttpResponse:
    """How much is not looked at, and one rule for all of it."""
    form = LookAtAllForm(request.POST or None, kinds=_kinds())
    if form.is_valid():
        count = unwatched.look_at_all(form.save(commit=False), form.cleaned_data["kinds"])
        messages.success(request, f"{count:,} more {'are' if count != 1 else 'is'} looked at from now on.")
        return redirect("equipments")
    return render(request, "outages/look_at_all.html", {"form": form})


def _kinds() -> list[tuple[str, str]]:
    found = dict(unwatched.unwatched().order_by().values_list("kind").annotate(Count("pk")))
    return [(kind.value, f"{kind.label} ({found[kind]:,})") for kind in Kind if kind in found]
