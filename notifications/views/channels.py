"""My channels: by which roads one is told, whether they work, and a test of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifications import recipients
from notifications.channels import browsers
from notifications.channels.channel import Channel, named
from notifications.delivery import addressing
from notifications.models import Address, Attempt, Delivery
from notifications.views.inbox import reader


@dataclass(frozen=True, slots=True)
class Road:
    """One address as its owner sees it, with the last that was sent there."""

    address: Address
    channel: Channel
    lacks: str
    last: Delivery | None

    @property
    def is_on(self) -> bool:
        """Do notices go there?"""
        return self.address.is_usable and not self.lacks

    @property
    def is_sending(self) -> bool:
        """Is its first try still to come, or going on?"""
        return self.last is not None and self.last.state == Delivery.State.WAITING and not self.fault

    @property
    def fault(self) -> str:
        """Why the last try of the last delivery failed, in words; nothing where it did not."""
        return self._ended[-1].error if self._ended else ""

    @property
    def delivered_at(self) -> datetime | None:
        """When the last try of the last delivery ended."""
        return self._ended[-1].ended_at if self._ended else None

    @property
    def _ended(self) -> list[Attempt]:
        return [one for one in self.last.attempts.all() if one.ended_at] if self.last else []


def channels(request: HttpRequest) -> HttpResponse:
    """One's own addresses; for htmx the list alone."""
    alone = request.headers.get("HX-Target") == "roads"
    template = "notifications/channel_rows.html" if alone else "notifications/channels.html"
    roads = _roads(request)
    there = {road.address.channel for road in roads}
    others = [named(name) for name in settings.CHANNELS if name not in there]
    missing = [channel for channel in others if channel.lacks()]
    return render(request, template, {"roads": roads, "missing": missing})


def _mine(request: HttpRequest) -> Any:
    return Address.objects.of(reader(request)).filter(channel__in=settings.CHANNELS)


def _roads(request: HttpRequest) -> list[Road]:
    recipients.addresses([reader(request)])
    order = list(settings.CHANNELS)
    shown = [one for one in _mine(request) if one.wanted or one.channel != browsers.CHANNEL]
    shown.sort(key=lambda one: (order.index(one.channel), one.pk))
    last = addressing.last_deliveries(shown)
    return [_road(address, last.get(address.pk)) for address in shown]


def _road(address: Address, last: Delivery | None) -> Road:
    channel = named(address.channel)
    return Road(address, channel, channel.lacks(), last)


def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, as a fragment: it asks for itself while something is on its way there."""
    address = get_object_or_404(_mine(request), pk=pk)
    road = _road(address, addressing.last_deliveries([address]).get(pk))
    return render(request, "notifications/channel_row.html", {"road": road})


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test there, as every notice is sent."""
    address = get_object_or_404(_mine(request), pk=pk)
    if address.is_usable and not named(address.channel).lacks():
        addressing.test(address, timezone.now())
    return one(request, pk) if "HX-Request" in request.headers else redirect("channels")


@require_POST
def turn(request: HttpRequest, pk: int) -> HttpResponse:
    """Off, or on again (POST on=yes): also what was turned off because it did not work."""
    address = get_object_or_404(_mine(request), pk=pk)
    on = request.POST.get("on") == "yes"
    if address.channel == "inbox" and not on:
        raise Http404
    addressing.turn(address, on)
    messages.success(request, f"{address.label or named(address.channel).label} is {'on' if on else 'off'}.")
    return redirect("channels")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing to a browser any more; once it is gone, asking again changes nothing."""
    address = get_object_or_404(_mine(request), pk=pk, channel=browsers.CHANNEL)
    browsers.forget(address)
    messages.success(request, f"{address.label} gets no more notices.")
    return redirect("channels")
