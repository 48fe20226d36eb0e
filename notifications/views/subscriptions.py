"""Subscriptions: one's own, and those of others for who may see to them, as a list that is saved at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifications import actions, dry_run, hearing, recipients
from notifications.event import Event, declared
from notifications.forms import ListForm, plural
from notifications.models import Subscription
from notifications.recipients import Recipient
from notifications.terms import OTHERS, Reach, TermsForm
from notifications.views.dry_run import tried
from notifications.views.whom import allow, own, person_of

PER_PAGE = 50


def subscriptions(request: HttpRequest) -> HttpResponse:
    """What one hears of, and by what; a POST saves the list, or adds an event of every object of its kind."""
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
    if "event" in request.POST:
        return _add(request, to)
    person = person_of(request, to)
    heard = hearing.of(person) if person else hearing.by(to)
    mine = [one for one in heard if one.own and one.event.is_offered]
    page = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    sent = request.POST if request.method == "POST" else None
    form = ListForm([one.row for one in page], Reach.of(to, request.user), sent)
    if form.is_valid():
        count = actions.change_all(form.wanted, request.user)
        messages.success(request, f"{count} changed." if count else "Nothing was changed.")
        return redirect(request.get_full_path())
    shown = {"page_obj": page, "rows": _rows(page, form), "form": form}
    return render(request, "notifications/subscriptions.html", shown | _around(request, to, heard))


def _around(request: HttpRequest, to: Recipient, heard: list[hearing.Heard]) -> dict[str, Any]:
    person = person_of(request, to)
    return {
        "by_role": [one for one in heard if not one.own],
        "person": person,
        "is_mine": to == own(request),
        "to": to,
        "name": recipients.name(to),
        "to_add": _to_add(heard),
        "mutes": hearing.mutes(person, timezone.now()) if person else [],
    }


def _rows(page: Page, form: ListForm) -> list[tuple[hearing.Heard, TermsForm]]:
    return [(one, form.by_row[one.row.pk]) for one in page if one.row.pk in form.by_row]


def add(to: Recipient, key: str, by: Any) -> Event:
    """Let a recipient hear of an event of every object of its kind; raises Http404 where nobody may ask for it."""
    event = declared().get(key)
    if event is None or not event.is_offered:
        raise Http404
    begin = {"involved": True} if event.people is not None and recipients.involved(to) else {}
    actions.subscribe(to, event.key, None, by, **begin)
    return event


def _add(request: HttpRequest, to: Recipient) -> HttpResponse:
    event = add(to, request.POST["event"], request.user)
    messages.success(request, f"Added: {event.label}.")
    return redirect(request.path)


def _to_add(heard: list[hearing.Heard]) -> list[tuple[str, list[Event]]]:
    """The events that are not there yet, by the kind of what they are of."""
    there = {one.event.key for one in heard if one.own and one.row.object_id is None}
    by_kind: dict[str, list[Event]] = {}
    for event in declared().values():
        if event.is_offered and event.key not in there:
            by_kind.setdefault(plural(event.of), []).append(event)
    return list(by_kind.items())


def subscription(request: HttpRequest, pk: int) -> HttpResponse:
    """What one subscription asks for, and what it would have sent."""
    row = get_object_or_404(Subscription, pk=pk, event__in=declared(), off=False)
    allow(request, row.recipient)
    event, back = declared()[row.event], _back(request, row.recipient)
    form = TermsForm(event, row, Reach.of(row.recipient, request.user), data=request.POST or None)
    if form.is_valid() and "try" not in request.POST:
        actions.change(row, request.user, **form.terms)
        messages.success(request, f"{event.label}: saved.")
        return redirect(*back)
    shown = tried(row, form) if form.is_bound and form.is_valid() else row
    context = {"form": form, "row": row, "heading": event.label, "name": recipients.name(row.recipient)}
    context |= {"run": None if form.errors else dry_run.run(shown, timezone.now()), "open": True}
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
    row = get_object_or_404(Subscription, pk=pk, event__in=declared(), off=False)
    to = (recipients.PERSON, request.POST.get("person") or str(request.user.pk))
    allow(request, to)
    if to[1] not in dict(_choices(to[0])):
        raise Http404
    person = person_of(request, to)
    if row.recipient == to or row.recipient not in recipients.reaching(person):
        raise Http404
    if not recipients.is_refusable(row.recipient):
        messages.error(request, "Nothing was changed: what is told by duty is told to whoever is on duty.")
    else:
        on, label = request.POST.get("on") == "yes", declared()[row.event].label
        (actions.turn_on if on else actions.turn_off)(person, row, request.user)
        messages.success(request, f"Turned {'on' if on else 'off'}: {label}.")
    return redirect(*_back(request, to))
