"""Writing to others: from the page of an object, to everybody, and what one has sent."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from notifications import direct, general
from notifications.models import Delivery, Report
from notifications.reports import making
from notifications.views.inbox import reader
from notifications.views.whom import allow, own, person_of
from notifications.writing import AnnounceForm, DirectForm, GeneralForm

PER_PAGE = 50
PANEL = "send-notice"
may_send = permission_required("notifications.send", raise_exception=True)
may_announce = permission_required("notifications.announce", raise_exception=True)


def subject(label: str, pk: int, user: Any) -> Any:
    """The object of this label and key; raises Http404 for none, PermissionDenied where the user may not see it."""
    found = making.subjects().get(label.lower())
    if found is None:
        raise Http404
    if not user.has_perm(found.permission):
        raise PermissionDenied
    return get_object_or_404(found.model._base_manager, pk=pk)


@may_send
def send(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """A notice about an object; for htmx the panel alone."""
    thing = subject(label, pk, request.user)
    form = DirectForm(request.POST or None, sender=request.user, about=thing)
    if form.is_valid():
        _sent(request, form)
        return redirect(thing)
    alone = request.headers.get("HX-Target") == PANEL
    template = "notifications/send_panel.html" if alone else "notifications/send.html"
    response = render(request, template, {"form": form, "thing": thing, "most": direct.LONGEST, "opened": alone})
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@may_announce
def announce(request: HttpRequest) -> HttpResponse:
    """A general notice to everybody."""
    form = AnnounceForm(request.POST or None, sender=request.user)
    if form.is_valid():
        _sent(request, form)
        return redirect("sent")
    return render(request, "notifications/announce.html", {"form": form, "most": direct.LONGEST})


def _sent(request: HttpRequest, form: AnnounceForm) -> None:
    count = direct.send(form.draft, request.user, timezone.now())
    people = "1 person" if count == 1 else f"{count} people"
    words = f"Sent to {people}. Who has read it is on the page “Sent”." if count else "It had been sent before."
    messages.success(request, words)


@require_POST
def general_by(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """By which channels oneself gets general notices, or somebody else for who may see to others."""
    to = (kind, key)
    allow(request, to)
    person = person_of(request, to)
    if person is None:
        raise Http404
    form = GeneralForm(person, request.user, data=request.POST)
    if form.is_valid():
        general.choose(person, form.cleaned_data["channels"], request.user)
        messages.success(request, "Saved. General notices come by these channels from now on.")
    else:
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
    return redirect(*(["subscriptions"] if to == own(request) else ["subscriptions_of", *to]))


def sent(request: HttpRequest) -> HttpResponse:
    """What one has written to others."""
    page = Paginator(direct.writings(reader(request)), PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = direct.told(page.object_list)
    return render(request, "notifications/sent.html", {"page_obj": page})


def sent_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Who got one of them, and how."""
    got = direct.got(reader(request), pk)
    if not got:
        raise Http404
    notice = got[0].notice
    context = {"notice": notice, "got": got, "read": sum(one.notice.read_at is not None for one in got)}
    return render(request, "notifications/sent_one.html", context | {"states": Delivery.State})


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """A report that was sent to whoever asks, or by them."""
    return download(get_object_or_404(making.of(reader(request)), pk=pk))


def download(row: Report) -> HttpResponse:
    """A report as a file to save: never shown, or taken for anything else, by the browser."""
    headers = {
        "Content-Disposition": content_disposition_header(True, row.name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(bytes(row.content), content_type=row.media_type, headers=headers)
