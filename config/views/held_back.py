"""What is held back after a backup was put back: an administrator sees it, and releases or discards it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from config import options
from config.views.backups import may_back_up
from notifications import audit
from notifications.delivery import pause
from notifications.models import Attempt, Delivery

SHOWN = 100


class DiscardForm(forms.Form):
    """Up to when what waits is discarded; all of it where nothing is said."""

    hours = forms.TypedChoiceField(
        label="What was written",
        coerce=int,
        choices=[
            (0, "at any time"),
            (1, "more than 1 hour ago"),
            (6, "more than 6 hours ago"),
            (24, "more than 1 day ago"),
            (168, "more than 1 week ago"),
        ],
    )


@may_back_up
def held_back(request: HttpRequest) -> HttpResponse:
    """What would be sent at once, if sending went on."""
    now, form = timezone.now(), DiscardForm()
    waiting = pause.pending(now)
    context: dict[str, Any] = {
        "paused": pause.current(),
        "restored_at": parse_datetime(options.fresh().restored_at),
        "total": waiting.count(),
        "by_channel": _by_channel(waiting),
        "oldest": waiting.order_by("notice__created_at").first(),
        "waiting": waiting.prefetch_related("notice__recipient").order_by("-notice__created_at", "pk")[:SHOWN],
        "later": Delivery.objects.filter(state=Delivery.State.WAITING, due_at__gt=now).count(),
        "begun": set(_begun(waiting)),
        "form": form,
    }
    return render(request, "config/held_back.html", context)


def _by_channel(waiting: Any) -> list[tuple[str, int]]:
    counted = waiting.order_by().values_list("channel").annotate(count=Count("pk"))
    return sorted(counted)


def _begun(waiting: Any) -> list[int]:
    """Those of which a try was begun and its end is not known: perhaps they were sent."""
    rows = Attempt.objects.filter(delivery__in=waiting.order_by().values("pk"), ended_at=None)
    return list(rows.values_list("delivery", flat=True).distinct())


@require_POST
@may_back_up
def release(request: HttpRequest) -> HttpResponse:
    """Send what waits, and go on."""
    count = pause.pending(timezone.now()).count()
    if pause.resume():
        audit.note("released", f"{count} deliveries waited")
        messages.success(request, f"Sending goes on; {count} deliveries leave now.")
    return redirect("held_back")


@require_POST
@may_back_up
def discard(request: HttpRequest) -> HttpResponse:
    """Discard what waits and is older than is said; sending stays paused."""
    form = DiscardForm(request.POST)
    if form.is_valid():
        before = timezone.now() - timedelta(hours=form.cleaned_data["hours"])
        count = pause.discard(before)
        audit.note("discarded", f"{count} deliveries, written up to {before:%F %T} UTC")
        messages.success(request, f"{count} deliveries are discarded. Their notices stay in the inbox.")
    else:
        messages.error(request, "Nothing was discarded: say how old.")
    return redirect("held_back")
