"""Subscriptions: one's own, those of others for who may see to them, and the menu of an object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifications import actions, hearing, recipients
from notifications.event import Event, declared
from notifications.forms import TermsForm
from notifications.models import Subscription
from notifications.recipients import Recipient
from notifications.views.inbox import reader

OTHERS = "notifications.subscribe_others"


def own(request: HttpRequest) -> Recipient:
    """How subscriptions of whoever asks name them."""
    return recipients.PERSON, str(request.user.pk)


def allow(request: HttpRequest, to: Recipient) -> None:
    """One's own are everybody's to change; those of others need the right to."""
    if to != own(request) and not request.user.has_perm(OTHERS):
        raise PermissionDenied


def subscriptions(request: HttpRequest) -> HttpResponse:
    """What one hears of, and by what; a POST adds an event of every object of its kind."""
    return _page(request, own(request))


def subscriptions_of(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """The same for somebody else, or for everybody of a role."""
    to = (kind, key)
    if not request.user.has_perm(OTHERS):
        raise PermissionDenied
    if key not in dict(_choices(kind)):
        raise Http404
    return redirect("subscriptions") if to == own(request) else _page(request, to)


def _choices(kind: str) -> Iterable[tuple[str, str]]:
    declared_kind = recipients.kinds().get(kind)
    return declared_kind.choices() if declared_kind else ()


def _page(request: HttpRequest, to: Recipient) -> HttpResponse:
    if request.method == "POST":
        if request.POST.get("event") not in declared():
            raise Http404
        actions.subscribe(to, request.POST["event"], None, request.user)
        messages.success(request, f"Added: {declared()[request.POST['event']].label}.")
        return redirect(request.path)
    person = _person(request, to)
    heard = hearing.of(person) if person else hearing.by(to)
    context = {
        "heard": heard,
        "person": person,
        "is_mine": to == own(request),
        "name": recipients.name(to),
        "to_add": _to_add(heard),
        "mutes": hearing.mutes(person, timezone.now()) if person else [],
    }
    return render(request, "notifications/subscriptions.html", context)


def _person(request: HttpRequest, to: Recipient) -> Any:
    if to[0] != recipients.PERSON:
        return None
    return reader(request) if to == own(request) else next(iter(recipients.resolve(*to)), None)


def _to_add(heard: list[hearing.Heard]) -> list[Event]:
    there = {one.event.key for one in heard if one.own and one.row.object_id is None}
    return [event for event in declared().values() if event.key not in there]


def subscription(request: HttpRequest, pk: int) -> HttpResponse:
    """What one subscription asks for."""
    row = get_object_or_404(Subscription, pk=pk, event__in=declared(), off=False)
    allow(request, row.recipient)
    event, back = declared()[row.event], _back(request, row.recipient)
    form = TermsForm(event, row, data=request.POST or None)
    if form.is_valid():
        actions.change(row, request.user, **form.terms)
        messages.success(request, f"{event.label}: saved.")
        return redirect(*back)
    context = {"form": form, "row": row, "heading": event.label, "name": recipients.name(row.recipient)}
    return render(request, "notifications/subscription.html", {**context, "is_mine": row.recipient == own(request)})


def _back(request: HttpRequest, to: Recipient) -> list[str]:
    return ["subscriptions"] if to == own(request) else ["subscriptions_of", *to]


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """End a subscription; once it is gone, asking again changes nothing."""
    row = Subscription.objects.filter(pk=pk, off=False).first()
    if row is None:
        return redirect("subscriptions")
    allow(request, row.recipient)
    actions.unsubscribe(row, request.user)
    messages.success(request, "The subscription is removed.")
    return redirect(*_back(request, row.recipient))


@require_POST
def turn(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn what a role hears off for one person alone, or on again (POST on=yes)."""
    row = get_object_or_404(Subscription, pk=pk, off=False)
    to = (recipients.PERSON, request.POST.get("person") or str(request.user.pk))
    allow(request, to)
    if to[1] not in dict(_choices(to[0])):
        raise Http404
    person = _person(request, to)
    if row.recipient == to or row.recipient not in recipients.reaching(person):
        raise Http404
    change = actions.turn_on if request.POST.get("on") == "yes" else actions.turn_off
    change(person, row, request.user)
    return redirect(*_back(request, to))
