"""The menu of an object: what there is to hear of it, for oneself or for others, and how not to hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from notifications import actions, recipients
from notifications.event import concerning, of_one
from notifications.forms import ChoiceForm
from notifications.models import Mute, Subscription
from notifications.recipients import Recipient
from notifications.views.subscriptions import OTHERS, own

FOR_GOOD = "good"
MUTE_TIMES = {"day": ("for a day", 1), "week": ("for a week", 7), "month": ("for a month", 30)}
MUTE_CHOICES = [(key, words) for key, (words, _) in MUTE_TIMES.items()] + [(FOR_GOOD, "for good")]


def subscribe(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """The events of one object, with a check box each; for htmx the menu alone."""
    thing = _thing(label, pk)
    people = _people(request)
    to = _chosen(request, people)
    about = None if request.GET.get("of") == "all" else thing
    form = _form(request, thing, about, to)
    if form.is_valid():
        among = [event.key for event in form.events]
        actions.choose(to, about, form.wanted, among, request.user)
        messages.success(request, "Saved. What is told, and to whom, is on the page of subscriptions.")
        return redirect(thing)
    alone = request.headers.get("HX-Target") == "subscribe"
    template = "notifications/subscribe_menu.html" if alone else "notifications/subscribe.html"
    context = {"thing": thing, "label": label, "form": form, **_around(request, thing, to, people)}
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _thing(label: str, pk: int) -> Any:
    kind = ContentType.objects.filter(app_label=label.split(".")[0], model=label.split(".")[-1]).first()
    model = kind.model_class() if kind else None
    if model is None or not concerning(model._meta.label):
        raise Http404
    return get_object_or_404(model._base_manager, pk=pk)


def _people(request: HttpRequest) -> list[tuple[str, list[tuple[str, str]]]]:
    """Whom else one may choose for, by kind."""
    if not request.user.has_perm(OTHERS):
        return []
    groups = [(kind, kind.choices()) for kind in recipients.kinds().values()]
    mine = f"{recipients.PERSON}:{request.user.pk}"
    named = [(kind.label, [(f"{kind.kind}:{key}", name) for key, name in choices]) for kind, choices in groups]
    return [(label, [choice for choice in choices if choice[0] != mine]) for label, choices in named]


def _chosen(request: HttpRequest, people: list[tuple[str, list[tuple[str, str]]]]) -> Recipient:
    value = request.GET.get("for", "")
    if not value:
        return own(request)
    if not request.user.has_perm(OTHERS):
        raise PermissionDenied
    if value not in {choice for _, choices in people for choice, _ in choices}:
        raise Http404
    kind, _, key = value.partition(":")
    return kind, key


def _form(request: HttpRequest, thing: Any, about: Any, to: Recipient) -> ChoiceForm:
    label = thing._meta.label
    events = concerning(label) if about is None else of_one(label)
    rows = Subscription.objects.to(to).about(about).filter(off=False)
    data = request.POST if request.method == "POST" else None
    return ChoiceForm(events, {row.event: row for row in rows}, _notes(request, to), data=data)


def _notes(request: HttpRequest, to: Recipient) -> dict[str, str]:
    """By event, which role of one's own hears of all of them anyway."""
    if to != own(request):
        return {}
    roles = [pair for pair in recipients.reaching(request.user) if pair != to]  # type: ignore[arg-type]
    meant = Q(*(Q(recipient_kind=kind, recipient_key=key) for kind, key in roles), _connector=Q.OR)
    rows = Subscription.objects.filter(meant, object_id=None, off=False) if roles else []
    return {row.event: f"Already so for {recipients.name(row.recipient)}, of all." for row in rows}


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
        "mute_times": MUTE_CHOICES,
    }


@require_POST
def mute(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Hear nothing of an object for a time, or hear of it again (POST for="")."""
    thing = _thing(label, pk)
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
