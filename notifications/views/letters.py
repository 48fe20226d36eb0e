"""Dead letters: what failed for good and why, to be sent once more or discarded."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifications.delivery import log
from notifications.delivery import replay as replaying
from notifications.models import Deliveries, Delivery
from notifications.views.log import FailedFilter, may_read, render_log


@may_read
def dead_letters(request: HttpRequest) -> HttpResponse:
    """A page of them."""
    return render_log(request, "notifications/dead_letters.html", FailedFilter(request.GET), failed=True)


@require_POST
@may_read
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one once more."""
    found = get_object_or_404(Delivery.objects.select_related("notice"), pk=pk)
    try:
        replaying.replay(found, timezone.now())
    except replaying.Refused as refused:
        messages.error(request, f"It is not sent once more. {refused}")
    else:
        messages.success(request, "It is sent once more; its new try will stand below the others.")
    return redirect("delivery", pk)


@require_POST
@may_read
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Never send one; its notice stays in the inbox."""
    if replaying.discard(Delivery.objects.filter(pk=pk)):
        messages.success(request, "It is discarded. Its notice stays in the inbox.")
    else:
        messages.error(request, "Nothing was discarded: it has not failed.")
    return redirect("delivery", pk)


@may_read
def replay_all(request: HttpRequest) -> HttpResponse:
    """Send all that the filters leave once more, after asking."""
    if (rows := _chosen(request)) is None:
        return redirect("dead_letters")
    if request.method == "POST":
        done = replaying.replay_all(rows, timezone.now())
        messages.add_message(request, messages.SUCCESS if done.count else messages.WARNING, done.words)
        return redirect("dead_letters")
    return _asked(request, rows, "Send {} once more?", "Send once more", danger=False)


@may_read
def discard_all(request: HttpRequest) -> HttpResponse:
    """Discard all that the filters leave, after asking."""
    if (rows := _chosen(request)) is None:
        return redirect("dead_letters")
    if request.method == "POST":
        count = replaying.discard(rows)
        messages.success(request, f"{count} discarded. Their notices stay in the inbox.")
        return redirect("dead_letters")
    return _asked(request, rows, "Discard {}?", "Discard", danger=True)


def _chosen(request: HttpRequest) -> Deliveries | None:
    """What the filters in the address leave, up to the newest that was there when it was asked; None for wrong ones."""
    form = FailedFilter(request.GET)
    last = request.POST.get("last", "")
    if not form.is_valid() or (last and not (last.isascii() and last.isdecimal() and len(last) < 19)):
        messages.error(request, "Nothing was done: one of the filters cannot be.")
        return None
    rows = log.rows_of(form.wanted())
    return rows.filter(pk__lte=int(last)) if last else rows


def _asked(request: HttpRequest, rows: Deliveries, question: str, verb: str, *, danger: bool) -> HttpResponse:
    count, newest = rows.count(), rows.order_by("-pk").values_list("pk", flat=True).first()
    if not count:
        messages.error(request, "Nothing was done: none of the failed deliveries fits these filters.")
        return redirect("dead_letters")
    heading = question.format(f"{count} failed deliver{'y' if count == 1 else 'ies'}")
    back = f"{reverse('dead_letters')}?{request.GET.urlencode()}"
    context = {"heading": heading, "submit": verb, "danger": danger, "cancel": back, "last": newest}
    context["foreseen"] = None if danger else replaying.foreseen(rows)
    return render(request, "notifications/letters_confirm.html", context)
