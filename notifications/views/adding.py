"""A new address: its form, and right after it the code that came there."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifications import verifying
from notifications.address_forms import AddressForm, CodeForm
from notifications.channels.channel import Channel, DeliveryError, named
from notifications.models import Address
from notifications.recipients import is_allowed
from notifications.views.channels import mine, shown_once
from notifications.views.inbox import reader

PAGE = "notifications/channel_code.html"


def add(request: HttpRequest, name: str) -> HttpResponse:
    """The form of a channel; what is wrong with the address, or sending there, is said by it, and nothing is kept."""
    channel = _addable(request, name)
    form = AddressForm(channel, reader(request), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            address = verifying.begin(reader(request), name, form.parts, timezone.now())
        except (verifying.Refused, DeliveryError) as fault:
            form.add_error(None, str(fault))
        else:
            return _next(request, address, form.parts.shown_once)
    context = {"heading": f"Add: {channel.label}", "channel": channel, "form": form}
    return render(request, "notifications/channel_add.html", context)


def _addable(request: HttpRequest, name: str) -> Channel:
    """The channel of this name; raises Http404 where it takes no addresses, PermissionDenied without the right."""
    try:
        channel = named(name)
    except KeyError:
        raise Http404 from None
    if not is_allowed(channel, reader(request)):
        raise PermissionDenied
    if not verifying.may_add(channel, reader(request)):
        raise Http404
    return channel


def _next(request: HttpRequest, address: Address, secret: str) -> HttpResponse:
    if secret:
        # Not by a redirect: it would have to be kept somewhere in the meantime.
        return shown_once(request, address, secret)
    return redirect("channels" if address.verified_at else reverse("channel_code", args=[address.pk]))


def code(request: HttpRequest, pk: int) -> HttpResponse:
    """Type in the code that came there."""
    address = get_object_or_404(mine(request), pk=pk)
    if address.verified_at:
        return redirect("channels")
    channel = named(address.channel)
    shown = channel.shown(address)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            verifying.confirm(address, form.cleaned_data["code"], timezone.now())
        except verifying.Refused as fault:
            form.add_error("code", str(fault))
        else:
            messages.success(request, f"{address.label or shown} is verified: notices go there from now on.")
            return redirect("channels")
    context = {"form": form, "address": address, "channel": channel, "shown": shown}
    return render(request, PAGE, context)


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send another code, within limits."""
    address = get_object_or_404(mine(request), pk=pk)
    try:
        verifying.send_code(address, timezone.now())
    except (verifying.Refused, DeliveryError) as fault:
        messages.error(request, str(fault))
    else:
        messages.success(request, "The code is on its way. Of several only the newest is good.")
    return redirect("channel_code", pk=pk)
