"""How Towerwatch itself is doing: a page for people, and one line for whoever watches it from outside."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required, permission_required
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from agents import roster
from config.finding import State
from config.health import findings, worst

TEXT = "text/plain; charset=utf-8"


@permission_required("config.health", raise_exception=True)
def health(request: HttpRequest) -> HttpResponse:
    """The doctor's page, or for htmx its findings alone."""
    found = findings(timezone.now())
    template = "config/health_findings.html" if "HX-Request" in request.headers else "config/health.html"
    trouble = [name for name, finding in found if finding.state is not State.WORKS]
    response = render(request, template, {"findings": found, "worst": worst(found), "trouble": trouble})
    patch_vary_headers(response, ["HX-Request"])
    return response


@login_not_required
@require_safe
def keep_alive(request: HttpRequest) -> HttpResponse:
    """200 while somebody looks, else 503 with the reason."""
    try:
        trouble = _trouble()
    except Error:
        trouble = "the database does not answer"
    return HttpResponse(
        trouble or "looking", content_type=TEXT, status=503 if trouble else 200, headers={"Cache-Control": "no-store"}
    )


def _trouble() -> str:
    seen, now = roster.here().seen_at, timezone.now()
    if seen is None:
        return "looking is stale: it has not begun"
    silent = now - seen
    return f"looking is stale: silent for {silent.total_seconds():.0f} s" if silent > roster.LATE else ""
