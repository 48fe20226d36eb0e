"""Looking at one piece of equipment: its last readings, its chart, and ping and trace at this moment."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from agents.probes import live
from agents.probes.readings import ProbeError
from customers.models import Equipment
from outages import charts, looking
from outages.models import Check
from outages.templatetags.outages import looking_at
from outages.views.now import may_view

Answer = live.Ping | live.Hop


@may_view
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The checks of a piece of equipment and what they say, as a fragment."""
    equipment = get_object_or_404(Equipment, pk=pk)
    return render(
        request, "outages/parts/checks.html", looking_at({"request": request, "user": request.user}, equipment)
    )


@may_view
def readings(request: HttpRequest, pk: int) -> JsonResponse:
    """The readings of a check as a chart wants them; ?range=hour, day, week, month or year."""
    check = get_object_or_404(Check.objects.select_related("equipment"), pk=pk)
    span = charts.RANGES.get(request.GET.get("range", "hour"), timedelta(hours=1))
    return JsonResponse(charts.chart(check, timezone.now(), span))


async def ping(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """Ping now, each answer as it comes, as server-sent events."""
    return await _stream(request, pk, live.ping_live)


async def trace(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """Trace the way now, each hop as it answers, as server-sent events."""
    return await _stream(request, pk, live.trace_live)


async def _stream(
    request: HttpRequest, pk: int, ask: Callable[[str], Iterator[Answer]]
) -> HttpResponse | StreamingHttpResponse:
    user = await request.auser()
    if not await sync_to_async(user.has_perm)("outages.probe"):
        return HttpResponseForbidden()
    address, refused = await sync_to_async(_address)(pk)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    events = _events(_refuse if refused else ask, address)
    return StreamingHttpResponse(events, content_type="text/event-stream", headers=headers)


def _address(pk: int) -> tuple[str, bool]:
    equipment = get_object_or_404(Equipment, pk=pk)
    if not equipment.address:
        raise Http404("This equipment has no address.")
    return equipment.address, looking.is_refused(equipment.address)


def _refuse(address: str) -> Iterator[Answer]:
    raise ProbeError(f"{address} is this machine itself, or its own link: no device is asked there.")


async def _events(ask: Callable[[str], Iterator[Answer]], address: str) -> AsyncIterator[str]:
    """One message for each answer, "done" at the end; a fault is told in words."""
    try:
        answers = await sync_to_async(ask, thread_sensitive=False)(address)
        step = sync_to_async(lambda: next(answers, None), thread_sensitive=False)
        while answer := await step():
            yield f"event: answer\ndata: {json.dumps(asdict(answer))}\n\n"
    except ProbeError as fault:
        yield f"event: fault\ndata: {json.dumps({'text': str(fault)})}\n\n"
    yield "event: done\ndata: {}\n\n"
