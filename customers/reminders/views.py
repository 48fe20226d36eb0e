"""One's reminders: the list, one of them, and what can be done with it. Nobody sees those of others."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from customers.lists import page_of, render_list
from customers.reminders import actions
from customers.reminders.forms import QuickForm, ReminderFilter, ReminderForm
from customers.reminders.models import Reminder, of
from customers.reminders.times import Offer, offers
from notifications import interest
from notifications.matching import Match

# Everybody has it who may come in at all.
may_see = permission_required("customers.view", raise_exception=True)


def _mine(request: HttpRequest, pk: int) -> Reminder:
    rows = Reminder.objects.seen_by(request.user).select_related("user", "created_by").prefetch_related("thing")
    return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]


def _offers() -> list[Offer]:
    return offers(timezone.now(), timezone.get_current_timezone())


def _offered(request: HttpRequest) -> Offer:
    """The time whose button was pressed; raises Http404 for what is none."""
    found = next((offer for offer in _offers() if offer.key == request.POST.get("at")), None)
    if found is None:
        raise Http404
    return found


@may_see
def reminders(request: HttpRequest) -> HttpResponse:
    """The list of one's own, and of those that one made for others."""
    chosen = ReminderFilter(request.GET)
    mine = Reminder.objects.seen_by(request.user).select_related("user", "created_by").prefetch_related("thing")
    page = page_of(request, chosen.narrow(mine, request.user), {})
    context = {"filter": chosen, "now": timezone.now()}
    return render_list(request, "customers/reminders.html", "customers/reminders_rows.html", page, **context)


@may_see
def reminder(request: HttpRequest, pk: int) -> HttpResponse:
    """One reminder: done, or later."""
    found = _mine(request, pk)
    context = {"reminder": found, "offers": _offers(), "now": timezone.now()}
    return render(request, "customers/reminder.html", context)


@may_see
def add(request: HttpRequest) -> HttpResponse:
    """A new reminder, of an object (?of=customers.customer:12) or of none."""
    label, _, pk = request.GET.get("of", "").partition(":")
    thing = of(label, int(pk)) if pk.isdecimal() and len(pk) < 19 else None
    first = {"text": request.GET.get("text", "")[:280]}
    form = ReminderForm(request.POST if request.method == "POST" else None, by=request.user, initial=first)
    if request.method == "POST" and form.is_valid():
        made = actions.put(form.save(commit=False), thing)
        _say(request, made)
        return redirect(thing or "reminders")
    context = {"form": form, "heading": "Add a reminder", "submit": "Add", "kind": str(thing or "My reminders")}
    cancel = thing.get_absolute_url() if thing else reverse("reminders")
    return render(request, "parts/form_page.html", context | {"cancel": cancel})


@may_see
@require_POST
def quick(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """From the page of an object: remind me of it, in these words or in none, at one of the times on offer."""
    thing = of(label, pk)
    if thing is None:
        raise Http404
    form = QuickForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Of what: {form.errors['text'][0]}")
        return redirect(thing)
    text = " ".join(form.cleaned_data["text"].split()) or f"Look at {thing}"[:280]
    made = actions.remind(text, _offered(request).at, user=request.user, by=request.user, of=thing)
    _say(request, made)
    return redirect(thing)


def _say(request: HttpRequest, made: Reminder) -> None:
    """Say when whom it comes to; and that it will not, where its object is muted."""
    whom = f"{made.user} is" if made.user != request.user else "You are"
    messages.success(request, f"{whom} reminded on {made.when}.")
    interest.wanted(made._meta.label)
    if made.user_id in Match(made, timezone.now()).muted:
        messages.warning(request, "What it is of is muted: in its time it is only on the page of reminders.")


@may_see
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a reminder."""
    found = _mine(request, pk)
    form = ReminderForm(request.POST or None, instance=found, by=request.user)
    if request.method == "POST" and form.is_valid():
        return redirect(actions.put(form.save(commit=False)))
    context: dict[str, Any] = {"form": form, "heading": "Change a reminder", "cancel": found.get_absolute_url()}
    return render(request, "parts/form_page.html", context)


@may_see
@require_POST
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """It is done; or not after all (POST undo=1)."""
    found = _mine(request, pk)
    if request.POST.get("undo"):
        actions.undone(found)
    else:
        actions.done(found, request.user, timezone.now())
        messages.success(request, f"Done: {found.text}")
    return redirect(_back(request, found))


@may_see
@require_POST
def later(request: HttpRequest, pk: int) -> HttpResponse:
    """Remind at another time: one of those on offer."""
    found = _mine(request, pk)
    actions.put_off(found, _offered(request).at)
    _say(request, found)
    return redirect(_back(request, found))


@may_see
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, and on POST take it back."""
    found = _mine(request, pk)
    if request.method == "POST":
        actions.delete(found)
        messages.success(request, "The reminder is deleted.")
        return redirect("reminders")
    context = {"heading": "Delete this reminder?", "text": found.whole, "submit": "Delete", "danger": True}
    return render(request, "parts/confirm.html", context | {"cancel": found.get_absolute_url()})


def _back(request: HttpRequest, found: Reminder) -> Any:
    """Where the button stood: in the list, on the object's page, or on its own."""
    places = {"list": "reminders", "thing": found.thing or "reminders"}
    return places.get(request.POST.get("back", ""), found)
