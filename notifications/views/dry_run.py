"""The dry run of a subscription while it is edited: a fragment of the page."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from notifications import dry_run
from notifications.event import concerning, declared
from notifications.models import Subscription
from notifications.terms import Reach, TermsForm
from notifications.views.menu import found
from notifications.views.whom import allow, chosen, others, own

FIXED = ("event", "recipient_kind", "recipient_key", "object_type", "object_id")


def trial(request: HttpRequest) -> HttpResponse:
    """What the terms in the query would have sent: of a subscription that there is (row), or of one that is new."""
    row = _row(request)
    event = declared()[row.event]
    reach = Reach.of(row.recipient, request.user)
    form = TermsForm(event, row if row.pk else None, reach, data=request.GET, prefix=request.GET.get("prefix") or None)
    context: dict[str, Any] = {"form": form, "is_mine": row.recipient == own(request)}
    if form.is_valid():
        context["run"] = dry_run.run(tried(row, form), timezone.now())
    return render(request, "notifications/dry_run.html", context)


def tried(row: Subscription, form: TermsForm) -> Subscription:
    """A subscription that is never saved, with the terms of a valid form."""
    other = Subscription(pk=row.pk, **{name: getattr(row, name) for name in FIXED})
    for name, value in form.terms.items():
        setattr(other, name, value)
    return other


def _row(request: HttpRequest) -> Subscription:
    key = request.GET.get("row", "")
    if key:
        row = get_object_or_404(Subscription, pk=int(key) if key.isdecimal() and len(key) < 19 else 0, off=False)
        allow(request, row.recipient)
        if row.event not in declared():
            raise Http404
        return row
    event = declared().get(request.GET.get("event", ""))
    if event is None or not event.is_offered:
        raise Http404
    to, about = chosen(request, others(request)), _about(request)
    if about is not None and event not in concerning(about._meta.label):
        raise Http404
    return Subscription(event=event.key, recipient_kind=to[0], recipient_key=to[1], about=about)


def _about(request: HttpRequest) -> Any:
    label, _, key = request.GET.get("about", "").partition(":")
    if not label:
        return None
    return found(label, int(key) if key.isdecimal() and len(key) < 19 else 0)
