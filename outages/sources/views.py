"""Pages of sources: the list, connecting one, its preview, and the source itself."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from customers.models import Equipment
from outages.sources import actions, hints
from outages.sources.forms import AcceptForm, SourceForm
from outages.sources.models import TELLING, Source, SourceLink, SourceRun
from outages.views.now import may_view

may_change = permission_required("outages.change_sources", raise_exception=True)
TO_DECIDE = 50
OWNER: dict[Any, tuple[str, ...]] = {Equipment: ("customer",)}


@may_view
def sources(request: HttpRequest) -> HttpResponse:
    """All sources, and how they answer."""
    rows = Source.objects.annotate(followed=Count("links"))
    return render(request, "outages/sources/list.html", {"sources": rows})


@may_change
def add(request: HttpRequest) -> HttpResponse:
    """Connect a source; what would come of it is shown before anything is imported."""
    form = SourceForm(request.POST or None)
    if form.is_valid():
        source = form.save(commit=False)
        actions.connect(source)
        return redirect("source_preview", source.pk)
    context = {"form": form, "heading": "Connect a UISP", "submit": "Connect, and look", "cancel": reverse("sources")}
    return render(request, "outages/sources/form.html", {"kind": "Sources", **context})


@may_change
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change how a source is reached, or when it counts."""
    source = get_object_or_404(Source, pk=pk)
    form = SourceForm(request.POST or None, instance=source)
    if form.is_valid():
        actions.change(form.save(commit=False))
        messages.success(request, "Saved.")
        return redirect(source) if source.accepted_at else redirect("source_preview", source.pk)
    context = {"form": form, "heading": f"Change {form.initial['name']}", "cancel": source.get_absolute_url()}
    return render(request, "outages/sources/form.html", {"kind": "Source", **context})


@may_view
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: how it answers, what the last synchronisation did, and what waits for a word."""
    found = get_object_or_404(Source.objects.select_related("accepted_by"), pk=pk)
    alone = request.headers.get("HX-Target") == "source-run"
    template = "outages/sources/run.html" if alone else "outages/sources/source.html"
    context = {"object": found, "source": found, "run": _run(found, SourceRun.Sort.SYNC)}
    answer = render(request, template, context if alone else context | _around(request, found))
    if alone and not (context["run"] and context["run"].works):
        # It has ended while somebody looked on: all of the page is another one now.
        answer["HX-Refresh"] = "true"
    patch_vary_headers(answer, ["HX-Request", "HX-Target"])
    return answer


def _around(request: HttpRequest, found: Source) -> dict[str, Any]:
    waiting = found.links.filter(object_id=None).exclude(candidates=[])
    links = found.links.exclude(object_id=None).values_list("kind").annotate(Count("pk")).order_by("kind")
    context: dict[str, Any] = {
        "followed": [(SourceLink.Kind(kind).label, count) for kind, count in links],
        "to_decide": _to_decide(list(waiting[:TO_DECIDE])),
        "to_decide_count": waiting.count(),
        "followed_count": sum(count for kind, count in links if kind in TELLING),
    }
    for name in ("conflicts", "dropped"):
        rows = found.sync_report.get(name, [])
        context[name] = {"count": found.sync_report.get(f"{name}_count", 0), "rows": rows}
    if request.user.has_perm("outages.change_sources") and found.hint_token:
        context["hint_address"] = settings.PUBLIC_URL + reverse("source_hint", args=[found.hint_token])
    return context


def _to_decide(links: list[SourceLink]) -> list[dict[str, Any]]:
    """The links with what they may be; one query for each kind of row."""
    wanted: dict[Any, set[int]] = defaultdict(set)
    for link in links:
        wanted[actions.model_of(link)].update(link.candidates)
    found = {model: model.objects.select_related(*OWNER.get(model, ())).in_bulk(pks) for model, pks in wanted.items()}
    return [{"link": link, "choices": _those(link, found[actions.model_of(link)])} for link in links]


def _those(link: SourceLink, found: dict[int, Any]) -> list[Any]:
    return [found[pk] for pk in link.candidates if pk in found]


def _run(found: Source, sort: str) -> SourceRun | None:
    return found.runs.filter(sort=sort).first()


@may_change
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What would come of a source, or how far the look at it is; while that goes on, the inside of the page alone."""
    found = get_object_or_404(Source, pk=pk)
    alone = request.headers.get("HX-Target") == "preview"
    template = "outages/sources/preview_state.html" if alone else "outages/sources/preview.html"
    context = {"source": found, "run": _run(found, SourceRun.Sort.PREVIEW), "form": AcceptForm()}
    answer = render(request, template, context)
    patch_vary_headers(answer, ["HX-Request", "HX-Target"])
    return answer


@may_change
@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at it again."""
    found = get_object_or_404(Source, pk=pk)
    actions.look(found)
    return redirect("source_preview", found.pk)


@may_change
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Follow it from now on."""
    found = get_object_or_404(Source, pk=pk)
    form = AcceptForm(request.POST)
    form.is_valid()
    try:
        actions.accept(found, request.user, form.cleaned_data["ping"], timezone.now())
    except actions.TooSoon:
        messages.error(request, "Nothing is imported: look at what would come of it first.")
        return redirect("source_preview", found.pk)
    return redirect(found)


@may_change
@require_POST
def sync(request: HttpRequest, pk: int) -> HttpResponse:
    """Synchronise now."""
    found = get_object_or_404(Source, pk=pk)
    if found.accepted_at and found.on:
        actions.synchronise(found, believe=bool(request.POST.get("believe")))
    else:
        messages.warning(request, "It is not followed: nothing is synchronised.")
    return redirect(found)


@may_change
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask it, or leave it alone."""
    found = get_object_or_404(Source, pk=pk)
    actions.switch(found, request.POST.get("on") == "1")
    said = "It is asked again." if found.on else "It is left alone; nothing is known by it until it is switched on."
    messages.success(request, said)
    return redirect(found)


@may_change
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a source, after asking once."""
    found = get_object_or_404(Source, pk=pk)
    if request.method == "POST":
        actions.remove(found)
        messages.success(request, f"{found} was removed; what it brought stays.")
        return redirect("sources")
    context = {"source": found, "submit": "Remove the source", "danger": True, "cancel": found.get_absolute_url()}
    return render(request, "outages/sources/remove.html", context)


@may_change
@require_POST
def choose(request: HttpRequest, pk: int, link: int) -> HttpResponse:
    """Say which of ours a row of the source is."""
    found = get_object_or_404(SourceLink.objects.select_related("source"), pk=link, source=pk)
    chosen = request.POST.get("is", "")
    if chosen != "new" and not (chosen.isascii() and chosen.isdigit()):
        messages.error(request, "Choose one of them, or a new one.")
    elif not actions.choose(found, None if chosen == "new" else int(chosen[:18])):
        messages.error(request, "That one is taken or gone by now: choose again.")
    return redirect(found.source)


@may_change
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Another address for hints."""
    found = get_object_or_404(Source, pk=pk)
    actions.renew_token(found)
    messages.success(request, "The address for hints is another one now: enter it in UISP, the old one leads nowhere.")
    return redirect(found)


@csrf_exempt
@login_not_required
@require_POST
def hint(request: HttpRequest, token: str) -> HttpResponse:
    """UISP says that something has changed."""
    found = Source.objects.hinted_by(token).first()
    if found is None:
        return HttpResponse(status=404)
    said = request.META.get("CONTENT_LENGTH") or "0"
    if not said.isdigit() or int(said) > hints.LARGEST or len(request.body) > hints.LARGEST:
        return HttpResponse(status=413)
    try:
        hints.take(found, request.body)
    except hints.NotAHint:
        return HttpResponse(status=400)
    return HttpResponse(status=204)
