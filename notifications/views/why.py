"""Why, and why not: of an object and a person, and of one notice."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from notifications import explaining, recipients
from notifications import why as reasons
from notifications.models import Notice
from notifications.terms import OTHERS
from notifications.views.inbox import reader
from notifications.views.menu import found
from notifications.views.whom import chosen, others, own, person_of


def why(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """For each event of an object: which subscription tells somebody of it, or what keeps it from them."""
    thing, people = found(label, pk), others(request, recipients.PERSON)
    to = chosen(request, people)
    person = person_of(request, to)
    if person is None:
        raise Http404
    context = {
        "thing": thing,
        "label": label,
        "person": person,
        "is_mine": to == own(request),
        "to": ":".join(to),
        "people": people,
        "explained": explaining.explain(thing, person, timezone.now(), to_them=to == own(request)),
    }
    return render(request, "notifications/why.html", context)


def why_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Which subscriptions asked for a notice, by which channels it went, and what came of each."""
    mine = Notice.objects.to(reader(request))
    seen = Notice.objects.all() if request.user.has_perm(OTHERS) else mine
    notice = get_object_or_404(seen.prefetch_related("recipient", "about"), pk=pk)
    is_mine, reason = notice.recipient == request.user, reasons.reasons([notice])[notice.pk]
    context = {
        "notice": notice,
        "is_mine": is_mine,
        "rows": reasons.subscriptions(notice, to_them=is_mine),
        "reason": reason if is_mine else recipients.of_them(reason),
        "deliveries": explaining.deliveries(notice),
    }
    return render(request, "notifications/why_notice.html", context)
