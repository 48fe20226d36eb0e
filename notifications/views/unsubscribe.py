"""The link at the foot of an e-mail: it asks first, and mail programs may act at one click."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications import unsubscribing

PAGE = "notifications/unsubscribe.html"


@login_not_required
@csrf_exempt  # who holds the signed link may act: RFC 8058 posts without a page before it, and without cookies
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Say what would be ended, and after a POST what was; a POST with all=yes ends e-mail as such."""
    try:
        cause = unsubscribing.read(token)
    except unsubscribing.BadLink:
        return render(request, PAGE, {"bad": True}, status=404)
    if request.method == "POST":
        end = unsubscribing.end_email if request.POST.get("all") == "yes" else unsubscribing.end
        return render(request, PAGE, {"cause": cause, "done": True, "ended": end(cause)})
    told = [unsubscribing.words(row) for row in cause.rows]
    return render(request, PAGE, {"cause": cause, "told": told})
