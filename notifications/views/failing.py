"""Addresses that do not work: since when and why, whose they are, and what worked last; for administrators."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifications import audit
from notifications.channels.channel import named
from notifications.delivery import addressing, failing
from notifications.models import Address
from notifications.views.log import may_read


@may_read
def addresses(request: HttpRequest) -> HttpResponse:
    """All that are off because they did not work, or at which something failed lately."""
    found, more = failing.read(timezone.now())
    return render(request, "notifications/addresses.html", {"failing": found, "more": more})


@require_POST
@may_read
def turn_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Try one again that was turned off because it did not work; what its owner turned off stays off."""
    address = get_object_or_404(Address, pk=pk)
    if address.off_at is None or not address.wanted:
        messages.error(request, "Nothing was changed: it is not off because of a fault.")
    else:
        addressing.turn(address, True)
        audit.note("address_on", about=str(address))
        messages.success(request, f"{failing.called(address)} is on again. A test shows whether it works.")
    return redirect("addresses")


@require_POST
@may_read
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test there; its owner gets it."""
    address = get_object_or_404(Address, pk=pk)
    lacks = failing.lacks(address)
    if lacks:
        messages.error(request, f"No test was sent. {lacks}")
        return redirect("addresses")
    delivery = addressing.test(address, timezone.now())
    messages.success(request, f"A test is on its way by {named(address.channel).label}; its tries stand here.")
    return redirect("delivery", delivery.pk)
