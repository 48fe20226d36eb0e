"""The inbox, the bell, and the live stream."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.db import close_old_connections
from django.db.models import Model, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from notifications import acknowledging, house, live, reading, why
from notifications.matters import Matter, together
from notifications.models import Notice, Notices, Step

# Notices on a page, before those of one matter are put together.
PER_PAGE = 100
# So many at once: all that a page shows of one matter.
MOST = PER_PAGE
ROWS = "notifications/inbox_rows.html"
SHOWS = ("", "unread", "snoozed")


def inbox(request: HttpRequest) -> HttpResponse:
    """One's own notices, newest first, those of one matter together; for htmx the rows alone."""
    show, text = request.GET.get("show", ""), request.GET.get("q", "")[:200].strip()
    notices = _listed(request, show if show in SHOWS else "", text)
    found = list(_before(notices, request.GET.get("before", "")).prefetch_related("about")[: PER_PAGE + 1])
    page, alone = found[:PER_PAGE], request.headers.get("HX-Target") == "rows"
    context = {
        "matters": _shown(together(page)),
        "older": _mark(page[-1]) if len(found) > PER_PAGE else "",
        "newest": "before" not in request.GET,
        "show": show,
        "q": text,
        "snoozes": reading.SNOOZES,
        "rows_template": ROWS,
        "alone": alone,
    }
    response = render(request, ROWS if alone else "notifications/inbox.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def reader(request: HttpRequest) -> Model:
    """Whoever asks."""
    return cast(Model, request.user)


def _mine(request: HttpRequest) -> Notices:
    return Notice.objects.to(reader(request))


def _listed(request: HttpRequest, show: str, text: str) -> Notices:
    now = timezone.now()
    rows = _mine(request).snoozed(now) if show == "snoozed" else _mine(request).told(now)
    if show == "unread":
        rows = rows.unread()
    if text and "\0" not in text:
        rows = rows.filter(text__icontains=text)
    digest = request.GET.get("digest", "")
    if digest.isascii() and digest.isdecimal() and len(digest) < 19:
        rows = rows.gathered_in(int(digest))
    return rows.select_related("acked_by", "sent_by")


def _mark(notice: Notice) -> str:
    """Where a page ends, so that the hundredth costs as little as the first."""
    return f"{notice.due_at.isoformat()}~{notice.pk}"


def _before(notices: Notices, mark: str) -> Notices:
    at, _, pk = mark.partition("~")
    try:
        when = parse_datetime(at)
    except ValueError:
        when = None
    if when is None or timezone.is_naive(when) or not (pk.isdecimal() and len(pk) < 19):
        return notices
    return notices.filter(due_at__lte=when).filter(Q(due_at__lt=when) | Q(pk__lt=int(pk)))


def _shown(matters: list[Matter]) -> list[Matter]:
    """With the day of each, by which the page groups, and why its reader got its newest notice."""
    heads = [matter.head for matter in matters]
    reasons, steps = why.reasons(heads), _steps(heads)
    for matter in matters:
        head = matter.head
        vars(matter).update(day=timezone.localdate(head.due_at), reason=reasons[head.pk], steps=steps.get(head.pk, []))
    return matters


def _steps(notices: list[Notice]) -> dict[int, list[Any]]:
    """What became of those that nobody had acknowledged in time, by the notice's pk."""
    found: dict[int, list[Any]] = {}
    for step in Step.objects.filter(notice__in=[one.pk for one in notices if one.escalate_after is not None]):
        found.setdefault(step.notice_id, []).append(step)
    return found


@require_POST
def opened(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a notice of one's own as read, and what stands with it; go where it leads, if that is still there."""
    notice = get_object_or_404(_mine(request), pk=pk)
    reading.read_all(_mine(request).filter(pk__in=[pk, *_keys(request)]), reader(request), timezone.now())
    if notice.link and notice.about is None:
        messages.warning(request, "What this notice is about has been deleted since.")
        return redirect("inbox")
    return redirect(notice.link or "inbox")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything in one's inbox as read."""
    now = timezone.now()
    reading.read_all(_mine(request).told(now), reader(request), now)
    return redirect("inbox")


def _keys(request: HttpRequest) -> list[int]:
    """The notices that a form means, at most a page of them."""
    named = request.POST.get("notices", "").split(",")[:MOST]
    return [int(pk) for pk in named if pk.isdecimal() and len(pk) < 19]


def _acknowledge(request: HttpRequest, notices: Notices, now: datetime) -> None:
    for notice in notices.told(now):
        if acknowledging.is_offered(notice):
            acknowledging.acknowledge(notice, reader(request), now)


def _snooze(request: HttpRequest, notices: Notices, now: datetime) -> None:
    choice = request.POST.get("for", "")
    if choice not in reading.SNOOZES:
        raise Http404
    reading.snooze(notices, reader(request), reading.until(choice, now, house.zone()), now)


ACTS: dict[str, Callable[[HttpRequest, Notices, datetime], object]] = {
    "read": lambda request, notices, now: reading.read_all(notices, reader(request), now),
    "unread": lambda request, notices, now: reading.unread(notices.told(now), reader(request)),
    "snooze": _snooze,
    "unsnooze": lambda request, notices, now: reading.unsnooze(notices, reader(request), now),
    "acknowledge": _acknowledge,
}


@require_POST
def act(request: HttpRequest, what: str) -> HttpResponse:
    """Do one thing with some notices of one's own (POST notices=1,2), and go back to the list as it was."""
    keys = _keys(request)
    mine = _mine(request).filter(pk__in=keys)
    if what not in ACTS or not keys or not mine.exists():
        raise Http404
    ACTS[what](request, mine, timezone.now())
    query = request.GET.urlencode()
    return redirect(reverse("inbox") + (f"?{query}" if query else ""))


def bell(request: HttpRequest) -> HttpResponse:
    """The bell with the number of unread notices, as a fragment."""
    return render(request, "parts/bell.html")


async def live_stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Changes of the topics asked for (?topics=inbox,incidents), as server-sent events."""
    user = await request.auser()
    if not user.is_authenticated:
        return HttpResponseForbidden()
    # The stream lasts as long as its page, and wants nothing more of the database.
    await sync_to_async(close_old_connections)()
    topics = request.GET.get("topics", "inbox").replace(",", " ").split()[:20]
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(live.stream(topics, user.pk), content_type="text/event-stream", headers=headers)
