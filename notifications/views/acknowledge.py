"""Acknowledging from the notice itself: the signed link of an e-mail or an SMS, and the button of a push message."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from notifications import acknowledging
from notifications.channels import browsers
from notifications.views.push import json_of

PAGE = "notifications/acknowledge.html"


@login_not_required
@csrf_exempt  # who holds the signed link may act, also where the browser keeps no cookies
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """Say what would be acknowledged and for whom, and do it after a POST: mail scanners only ever look."""
    try:
        notice = acknowledging.read(token)
    except acknowledging.BadLink as fault:
        state = "expired" if isinstance(fault, acknowledging.Expired) else "bad"
        return _page(request, {"state": state}, 404)
    state = "used" if notice.acked_at else "over" if getattr(notice.about, "is_over", False) else "asked"
    if request.method == "POST" and acknowledging.acknowledge(notice, notice.recipient, timezone.now()):
        state = "done"
    return _page(request, {"state": state, "notice": notice})


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, PAGE, context, status=status)
    # The address is the key: it goes to nobody by a referrer, and into no index.
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


@login_not_required
@csrf_exempt  # a worker has no page to take a token from; what it sends is signed, and named one notice
@require_POST
def from_push(request: HttpRequest) -> HttpResponse:
    """The button of a push message: {"token": ...}."""
    try:
        token = json_of(request).get("token")
        notice = acknowledging.read(token if isinstance(token, str) else "")
    except browsers.Refused as fault:
        return JsonResponse({"error": str(fault)}, status=400)
    except acknowledging.BadLink:
        return JsonResponse({"error": "This is no acknowledgement, or it is too old."}, status=404)
    return JsonResponse({"new": acknowledging.acknowledge(notice, notice.recipient, timezone.now())})
