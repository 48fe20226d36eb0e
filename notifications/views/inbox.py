"""The inbox, the bell, and the live stream."""

from __future__ import annotations

from typing import cast

from asgiref.sync import sync_to_async
from django.core.paginator import Paginator
from django.db import close_old_connections
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from notifications import live, why
from notifications.models import Notice, Notices
from notifications.reading import read

PER_PAGE = 50
ROWS = "notifications/inbox_rows.html"


def inbox(request: HttpRequest) -> HttpResponse:
    """One's own notices, newest first; for htmx the rows alone."""
    notices = _mine(request).told(timezone.now())
    show = request.GET.get("show", "")
    if show == "unread":
        notices = notices.unread()
    page = Paginator(notices, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = _shown(list(page.object_list))
    alone = request.headers.get("HX-Target") == "rows"
    context = {"page_obj": page, "show": show, "rows_template": ROWS}
    response = render(request, ROWS if alone else "notifications/inbox.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def reader(request: HttpRequest) -> Model:
    """Whoever asks."""
    return cast(Model, request.user)


def _mine(request: HttpRequest) -> Notices:
    return Notice.objects.to(reader(request))


def _shown(notices: list[Notice]) -> list[Notice]:
    """With their day, by which the page groups, and why their reader got them."""
    reasons = why.reasons(notices)
    for notice in notices:
        vars(notice).update(day=timezone.localdate(notice.due_at), reason=reasons[notice.pk])
    return notices


@require_POST
def opened(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a notice of one's own as read, and go where it leads."""
    notice = get_object_or_404(_mine(request), pk=pk)
    read(notice, reader(request), timezone.now())
    return redirect(notice.link or "inbox")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything in one's inbox as read."""
    now = timezone.now()
    if _mine(request).told(now).unread().update(read_at=now):
        live.bump(live.inbox(reader(request).pk))
    return redirect("inbox")


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
