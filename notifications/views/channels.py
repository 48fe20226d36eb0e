"""My channels: by which roads one is told, whether they work, and a test of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifications import recipients
from notifications.address_forms import ChosenForm
from notifications.channels.channel import Channel, named
from notifications.delivery import addressing
from notifications.models import Address, Attempt, Delivery, Notice
from notifications.views.inbox import reader

NOT_ALLOWED = "Your role has no right to this channel: nothing is sent there."


@dataclass(frozen=True, slots=True)
class Road:
    """One address as its owner sees it, with the last that was sent there."""

    address: Address
    channel: Channel
    lacks: str
    last: Delivery | None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.address.label or self.channel.label

    @property
    def detail(self) -> str:
        """What else is told of it."""
        return self.channel.shown(self.address)

    @property
    def is_on(self) -> bool:
        """Do notices go there?"""
        return self.address.is_usable and not self.lacks

    @property
    def is_open(self) -> bool:
        """Does it still wait for its code?"""
        return self.address.verified_at is None

    @property
    def can_turn(self) -> bool:
        """May its owner turn it off and on?"""
        return not (self.channel.stays or self.channel.registers or self.lacks or self.is_open)

    @property
    def can_go(self) -> bool:
        """May its owner remove it?"""
        return not (self.channel.stays or self.address.given)

    @property
    def cost(self) -> str:
        """What a test of it costs, in words."""
        text = addressing.TEST.format(label=self.name)
        return self.channel.cost(Notice(text=text, link=reverse("channels"))) if self.is_on else ""

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
    """One's own addresses, and the channels of which one can be added; for htmx the list alone."""
    alone = request.headers.get("HX-Target") == "roads"
    template = "notifications/channel_rows.html" if alone else "notifications/channels.html"
    return render(request, template, {"roads": _roads(request), "offers": list(_offers(request))})


def _offers(request: HttpRequest) -> Iterator[tuple[str, Channel]]:
    """The channels that this person could add an address of, or could if something were set up."""
    for name in settings.CHANNELS:
        channel = named(name)
        if (channel.fields() or channel.lacks()) and recipients.is_allowed(channel, reader(request)):
            yield name, channel


def mine(request: HttpRequest) -> Any:
    """The addresses of whoever asks, by the channels of today."""
    return Address.objects.of(reader(request)).filter(channel__in=settings.CHANNELS)


def _roads(request: HttpRequest) -> list[Road]:
    recipients.addresses([reader(request)])
    order = list(settings.CHANNELS)
    shown = [one for one in mine(request) if one.wanted or not named(one.channel).registers]
    shown.sort(key=lambda one: (order.index(one.channel), one.pk))
    last = addressing.last_deliveries(shown)
    return [_road(request, address, last.get(address.pk)) for address in shown]


def _road(request: HttpRequest, address: Address, last: Delivery | None) -> Road:
    channel = named(address.channel)
    lacks = channel.lacks() or ("" if recipients.is_allowed(channel, reader(request)) else NOT_ALLOWED)
    return Road(address, channel, lacks, last)


def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, as a fragment: it asks for itself while something is on its way there."""
    address = get_object_or_404(mine(request), pk=pk)
    road = _road(request, address, addressing.last_deliveries([address]).get(pk))
    return render(request, "notifications/channel_row.html", {"road": road})


def change(request: HttpRequest, pk: int) -> HttpResponse:
    """What it is called, whether it is a default, another secret, and the end of it."""
    address = get_object_or_404(mine(request), pk=pk)
    if named(address.channel).stays:
        raise Http404
    form = ChosenForm(request.POST if request.method == "POST" else None, instance=address)
    if request.method == "POST" and form.is_valid():
        Address.objects.filter(pk=pk).update(**form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("channels")
    road = _road(request, Address.objects.get(pk=pk), None)
    return render(request, "notifications/channel_change.html", {"form": form, "road": road})


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test there, as every notice is sent."""
    address = get_object_or_404(mine(request), pk=pk)
    if _road(request, address, None).is_on:
        addressing.test(address, timezone.now())
    return one(request, pk) if "HX-Request" in request.headers else redirect("channels")


@require_POST
def turn(request: HttpRequest, pk: int) -> HttpResponse:
    """Off, or on again (POST on=yes): also what was turned off because it did not work."""
    address = get_object_or_404(mine(request), pk=pk)
    road, on = _road(request, address, None), request.POST.get("on") == "yes"
    if not road.can_turn:
        raise Http404
    addressing.turn(address, on)
    messages.success(request, f"{road.name} is {'on' if on else 'off'}.")
    return redirect("channels")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing there any more; once it is gone, asking again changes nothing."""
    address = get_object_or_404(mine(request), pk=pk)
    road = _road(request, address, None)
    if not road.can_go:
        raise Http404
    road.channel.forget(address)
    messages.success(request, f"{road.name} gets no more notices.")
    return redirect("channels")


@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it another secret, and show that this once."""
    address = get_object_or_404(mine(request), pk=pk)
    channel = named(address.channel)
    if not channel.renews or channel.lacks():
        raise Http404
    return shown_once(request, address, channel.renew(address, timezone.now()), renewed=True)


def shown_once(request: HttpRequest, address: Address, secret: str, *, renewed: bool = False) -> HttpResponse:
    """The page that shows the secret of an address, which no browser keeps."""
    channel = named(address.channel)
    context = {"address": address, "channel": channel, "shown": channel.shown(address), "secret": secret}
    response = render(request, "notifications/channel_secret.html", context | {"renewed": renewed})
    response["Cache-Control"] = "no-store"
    return response
