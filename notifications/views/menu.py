"""The menu of an object: what there is to hear of it, for oneself or for others, and how not to hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from notifications import actions, recipients
from notifications.event import concerning, meant, of_one
from notifications.forms import ChoiceForm
from notifications.models import Mute, Subscription
from notifications.recipients import Recipient
from notifications.terms import Reach
from notifications.views.whom import chosen, others, own

FOR_GOOD = "good"
MUTE_TIMES = {"day": ("for a day", 1), "week": ("for a week", 7), "month": ("for a month", 30)}
MUTE_CHOICES = [(key, words) for key, (words, _) in MUTE_TIMES.items()] + [(FOR_GOOD, "for good")]


def subscribe(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """The events of one object, with a check box each; for htmx the menu alone."""
    thing = found(label, pk)
    people = others(request)
    to = chosen(request, people)
    about = None if request.GET.get("of") == "all" else thing
    form = _form(request, thing, about, to)
    if form.is_valid():
        among = [event.key for event in form.events]
        actions.choose(to, about, form.wanted, among, request.user)
        messages.success(request, _saved(request, to))
        return redirect(thing)
    alone = request.headers.get("HX-Target") == "subscribe"
    template = "notifications/subscribe_menu.html" if alone else "notifications/subscribe.html"
    context = {"thing": thing, "label": label, "about": about, "form": form, "opened": alone and not request.GET}
    context |= _around(request, thing, to, people)
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _saved(request: HttpRequest, to: Recipient) -> str:
    if to == own(request):
        return format_html('Saved. What I hear of: <a href="{}">My subscriptions</a>', reverse("subscriptions"))
    place, name = reverse("subscriptions_of", args=to), recipients.name(to)
    return format_html('Saved for {}. <a href="{}">All that they hear of</a>', name, place)


def found(label: str, pk: int) -> Any:
    """The object of this address; raises Http404 for what is not there, or has no events."""
    # No database takes a NUL.
    names = (label if label.isprintable() else "").split(".")
    kind = ContentType.objects.filter(app_label=names[0], model=names[-1]).first()
    model = kind.model_class() if kind else None
    if model is None or not concerning(model._meta.label) or not hasattr(model, "get_absolute_url"):
        raise Http404
    return get_object_or_404(model._base_manager, pk=pk)


def _form(request: HttpRequest, thing: Any, about: Any, to: Recipient) -> ChoiceForm:
    label = thing._meta.label
    events = concerning(label) if about is None else of_one(label)
    rows = Subscription.objects.to(to).about(about).filter(off=False)
    data = request.POST if request.method == "POST" else None
    by_event = {row.event: row for row in rows}
    return ChoiceForm(events, by_event, _notes(request, to), Reach.of(to, request.user), data=data)


def _notes(request: HttpRequest, to: Recipient) -> dict[str, str]:
    """By event, which role of one's own hears of all of them anyway."""
    if to != own(request):
        return {}
    roles = [pair for pair in recipients.reaching(request.user) if pair != to]  # type: ignore[arg-type]
    to_role = Q(*(Q(recipient_kind=kind, recipient_key=key) for kind, key in roles), _connector=Q.OR)
    rows = Subscription.objects.filter(to_role, object_id=None, off=False) if roles else []
    notes = ((row, f"Already so for {recipients.name(row.recipient)}, of all.") for row in rows)
    return {event.key: words for row, words in notes for event in meant(row.event)}


def _around(request: HttpRequest, thing: Any, to: Recipient, people: Any) -> dict[str, Any]:
    kind, now = ContentType.objects.get_for_model(thing), timezone.now()
    running = Mute.objects.filter(Q(until=None) | Q(until__gt=now), user=request.user.pk, object_id=thing.pk)
    mine = to == own(request)
    name = "I" if mine else recipients.name(to)
    return {
        "address": reverse("subscribe", args=[thing._meta.label_lower, thing.pk]),
        "people": people,
        "to": "" if mine else ":".join(to),
        "scope": "all" if request.GET.get("of") == "all" else "this",
        "chosen": request.GET.urlencode(),
        "whose": name[:1].upper() + name[1:],
        "mute": running.filter(object_type=kind).first() if mine else None,
        "mine": mine,
        "one": to[0] == recipients.PERSON,
        "mute_times": MUTE_CHOICES,
    }


@require_POST
def mute(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Hear nothing of an object for a time, or hear of it again (POST for="")."""
    thing = found(label, pk)
    time = request.POST.get("for", "")
    if time in MUTE_TIMES:
        actions.mute(request.user, thing, timezone.now() + timedelta(days=MUTE_TIMES[time][1]))
    elif time == FOR_GOOD:
        actions.mute(request.user, thing, None)
    elif not time:
        actions.unmute(request.user, thing)
    else:
        raise Http404
    words = f"You hear nothing of {thing} {dict(MUTE_CHOICES)[time]}." if time else f"You hear of {thing} again."
    messages.success(request, words)
    return redirect("subscriptions" if request.POST.get("back") == "list" else thing)
