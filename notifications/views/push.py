"""Where browsers register for web push: scripts talk to these addresses, in JSON."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from notifications.channels import browsers, push_key
from notifications.views.inbox import reader

LARGEST_BODY = 8192


@login_not_required
@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """The key that browsers subscribe with. It is public, and the worker asks without anybody being signed in."""
    try:
        answer, status = {"key": push_key.public()}, 200
    except push_key.Sealed as fault:
        answer, status = {"error": str(fault)}, 503
    return JsonResponse(answer, status=status, headers={"Cache-Control": "no-store"})


@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """A browser on which somebody pressed the button ("asked": true), or that comes by after a sign-in."""
    try:
        data = json_of(request)
        given, former = browsers.read(data), _before(data, "former")
        about = (reader(request), given, request.headers.get("User-Agent", ""), former)
        kept = bool(browsers.register(*about)) if data.get("asked") is True else browsers.sync(*about)
    except browsers.Refused as fault:
        return JsonResponse({"error": str(fault)}, status=400)
    return JsonResponse({"kept": kept})


@require_POST
def off(request: HttpRequest) -> HttpResponse:
    """Push was turned off in this browser, by whoever is signed in there."""
    try:
        endpoint = _before(json_of(request), "endpoint")
    except browsers.Refused as fault:
        return JsonResponse({"error": str(fault)}, status=400)
    return JsonResponse({"kept": not browsers.remove(reader(request), endpoint)})


@login_not_required
@csrf_exempt  # a worker has no page to take a token from; what it must know is the former endpoint, a secret
@require_POST
def moved(request: HttpRequest) -> HttpResponse:
    """The push service gave a browser another endpoint, perhaps while nobody is signed in there."""
    try:
        data = json_of(request)
        known = browsers.moved(_before(data, "former"), browsers.read(data))
    except browsers.Refused as fault:
        return JsonResponse({"error": str(fault)}, status=400)
    return JsonResponse({"kept": known}, status=200 if known else 404)


def _before(data: dict[str, Any], name: str) -> str:
    """An endpoint that we may know; nothing for what is none: no database can be asked for half a sign, or a NUL."""
    value = data.get(name)
    return value if isinstance(value, str) and value.isprintable() and len(value) <= browsers.LONGEST else ""


def json_of(request: HttpRequest) -> dict[str, Any]:
    """What a script sent as JSON, an object; raises Refused."""
    # A form of a foreign page cannot be of this type.
    if request.content_type != "application/json" or len(request.body) > LARGEST_BODY:
        raise browsers.Refused("JSON of at most 8 kB is wanted")
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        raise browsers.Refused("this is not JSON") from None
    if not isinstance(found, dict):
        raise browsers.Refused("endpoint and keys are wanted")
    return found
