"""Triage: what did not answer when it was first seen, to be sorted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from customers.lists import page_of, render_list
from customers.models import Equipment, Kind
from outages import triage as sorting
from outages.models import Check, Checks
from outages.views.incidents import may_work
from outages.views.now import may_view

COLUMNS = {
    "since": ["dark_since"],
    "equipment": ["equipment__name"],
    "customer": ["equipment__customer__name"],
    "site": ["equipment__site__name"],
}
NARROW = ("q", "kind")


def _narrowed(request: HttpRequest) -> Checks:
    """What the filters leave of all that is in triage."""
    rows = Check.objects.in_triage()
    if (kind := request.GET.get("kind", "")) in Kind.values:
        rows = rows.filter(equipment__kind=kind)
    if text := request.GET.get("q", "")[:200].strip():
        rows = rows.filter(equipment__in=Equipment.objects.search(text))
    return rows


def _tabs(request: HttpRequest, rows: Checks, show: str) -> list[dict[str, Any]]:
    """To sort, and what each sort holds, with their numbers."""
    counts = dict(rows.order_by().values_list("sorted_as").annotate(Count("pk")))
    kept = {name: request.GET[name] for name in NARROW if request.GET.get(name)}
    return [
        {
            "label": label,
            "count": counts.get(value, 0),
            "url": f"{reverse('triage')}?{urlencode({**kept, 'show': value or 'new'})}",
            "active": value == show,
        }
        for value, label in Check.Sorted.choices
    ]


@may_view
def triage(request: HttpRequest) -> HttpResponse:
    """What is to be sorted, or what was sorted as one of the sorts."""
    asked = request.GET.get("show", "")
    show = asked if asked in Check.Sorted.values else ""
    rows = _narrowed(request)
    shown = rows.filter(sorted_as=show).select_related("equipment__customer", "equipment__site")
    page = page_of(request, shown.order_by("-dark_since", "-pk"), COLUMNS)
    context = {
        "show": show,
        "kinds": Kind.choices,
        "sorts": Check.Sorted.choices,
        "sort": "-since",
        "tabs": _tabs(request, rows, show),
        "narrowed": any(request.GET.get(name) for name in NARROW),
    }
    return render_list(request, "outages/triage.html", "outages/triage_rows.html", page, **context)


@may_work
@require_POST
def sort(request: HttpRequest) -> HttpResponse:
    """Sort one piece of equipment by its own button, or all that are ticked."""
    pk, _, own = request.POST.get("one", "").partition(" ")
    keys, word = ([pk], own) if pk else (request.POST.getlist("check"), request.POST.get("as", "?"))
    try:
        moved = sorting.sort([int(key) for key in keys if key.isdecimal() and len(key) < 19], word)
    except ValueError:
        messages.error(request, "Nothing was sorted: choose broken, abandoned or seasonal.")
    else:
        _say(request, moved, word, bool(keys))
    back = QueryDict(request.POST.get("back", "")[:1000]).urlencode()
    return redirect(f"{reverse('triage')}{f'?{back}' if back else ''}")


def _say(request: HttpRequest, moved: int, word: str, chosen: bool) -> None:
    if not chosen:
        messages.warning(request, "Nothing was sorted: tick at least one piece of equipment.")
    elif not moved:
        messages.warning(request, "Nothing was sorted: it has answered meanwhile, or somebody sorted it already.")
    else:
        things = "1 piece" if moved == 1 else f"{moved} pieces"
        where = f"sorted as {word}" if word else "to be sorted again"
        messages.success(request, f"{things} of equipment {'is' if moved == 1 else 'are'} {where}.")
