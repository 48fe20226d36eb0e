"""Towerwatch as an app on a phone or a desktop: what a browser installs, and the worker that shows what is pushed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from notifications import house

ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-maskable.png", "512x512", "maskable"),
)


@login_not_required
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a browser wants to know before it installs an app (W3C Web Application Manifest)."""
    about = {
        "id": "/",
        "name": house.PRODUCT if house.name() == house.PRODUCT else f"{house.PRODUCT} · {house.name()}",
        "short_name": house.PRODUCT,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#12262d",
        "theme_color": "#12262d",
        "icons": [
            {"src": static(f"icons/{name}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
    }
    return JsonResponse(about, content_type="application/manifest+json")


@login_not_required
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: at the root, because it may only see to what lies below its own address."""
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}
    return HttpResponse(_script(), content_type="text/javascript; charset=utf-8", headers=headers)


@cache
def _script() -> bytes:
    found = finders.find("sw.js")
    assert isinstance(found, str)
    return Path(found).read_bytes()
