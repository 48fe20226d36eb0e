"""Who hears what: where nobody would hear, and the reference of all events."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from notifications import coverage, recipients, reference
from notifications.terms import OTHERS
from notifications.views import whom
from notifications.views.subscriptions import add

ROWS = "notifications/event_rows.html"


@permission_required(OTHERS, raise_exception=True)
def who_hears_what(request: HttpRequest) -> HttpResponse:
    """Events that nobody hears, people on duty without a channel, subscriptions that never told anything.

    A POST lets somebody (`for`, such as "role:engineer") hear of every occurrence of an `event`.
    """
    people = whom.others(request)
    if request.method == "POST":
        to = whom.chosen(request, people, request.POST.get("for", ""))
        event = add(to, request.POST.get("event", ""), request.user)
        messages.success(request, f"Added for {recipients.name(to)}: {event.label}.")
        return redirect("coverage")
    found, now = coverage.listening(), timezone.now()
    context = {
        "events": found,
        "faults": sorted((one for one in found if one.fault), key=lambda one: one.fault, reverse=True),
        "on_duty": coverage.unreached_on_duty(now),
        "never": coverage.never_fired(now),
        "people": people,
    }
    return render(request, "notifications/coverage.html", context)


def events(request: HttpRequest) -> HttpResponse:
    """The reference of all events; for htmx the rows alone."""
    search = request.GET.get("q", "").strip()[:100]
    alone = request.headers.get("HX-Target") == "rows"
    context = {"entries": reference.entries(search), "q": search, "rows_template": ROWS}
    response = render(request, ROWS if alone else "notifications/events.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
