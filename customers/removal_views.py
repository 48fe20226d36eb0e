"""Asking before something is archived or deleted: the same pages for every kind of thing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from customers import removal


def delete_page(request: HttpRequest, thing: Any, back: str, archive: str = "") -> HttpResponse:
    """Ask, and on POST delete and go to `back`.

    What history hangs on is not deleted: the page says why, and leads to `archive` where there is such a page.
    """
    hanging = removal.hanging_on(thing)
    context = {"thing": thing, "hanging": hanging, "archive": archive, "cancel": thing.get_absolute_url()}
    context["heading"] = f"Delete {thing}?"
    if any(one.keeps for one in hanging):
        status = 409 if request.method == "POST" else 200
        return render(request, "customers/delete_refused.html", context, status=status)
    if request.method != "POST":
        return render(request, "customers/delete.html", context | {"submit": "Delete for good", "danger": True})
    try:
        removal.delete(thing)
    except removal.Held:
        return redirect(request.path)
    messages.success(request, f"{thing} is deleted.")
    return redirect(back)


def archive_page(
    request: HttpRequest,
    thing: Any,
    put_away: Callable[[Any, datetime], None] = removal.archive,
    template: str = "customers/archive.html",
) -> HttpResponse:
    """Ask, and on POST archive it, or bring it back if it was archived; then go to its page."""
    if request.method == "POST" and thing.archived_at:
        removal.restore(thing)
        messages.success(request, f"{thing} is back.")
    elif request.method == "POST":
        put_away(thing, timezone.now())
        messages.success(request, f"{thing} is archived. Its history stays, and it can be brought back.")
    elif not thing.archived_at:
        context = {"thing": thing, "hanging": removal.hanging_on(thing), "heading": f"Archive {thing}?"}
        return render(request, template, context | {"submit": "Archive", "cancel": thing.get_absolute_url()})
    return redirect(thing)
