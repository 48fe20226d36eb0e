"""Backups: what there is, making one now, taking one away."""

from __future__ import annotations

from functools import partial

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from config import options, safety
from config.backups import backup
from customers.imports.export import while_sent
from notifications import audit

may_back_up = permission_required("config.backups", raise_exception=True)
PIECE = 1 << 20


class KeepForm(forms.Form):
    """How many backups are kept."""

    backup_keep = forms.IntegerField(
        label="Backups to keep", min_value=1, max_value=400, help_text="When there are more, the oldest goes."
    )


@may_back_up
def backups(request: HttpRequest) -> HttpResponse:
    """What there is, and how many are kept; for htmx the list alone."""
    form = KeepForm(request.POST or None, initial={"backup_keep": options.fresh().backup_keep})
    if form.is_valid():
        options.change(**form.cleaned_data)
        messages.success(request, "Saved. The oldest go when the next one is made.")
        return redirect("backups")
    now = timezone.now()
    context = {"form": form, "finding": safety.backups(now), "keys": safety.secret_keys(now)}
    context |= {"made": backup.kept(), "running": backup.is_running(), "folder": backup.folder()}
    alone = "HX-Request" in request.headers
    response = render(request, "config/backups_list.html" if alone else "config/backups.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
@may_back_up
def begin(request: HttpRequest) -> HttpResponse:
    """Make one now."""
    if backup.is_running():
        messages.info(request, "A backup is being made already.")
    else:
        backup.begin()
        audit.note("backed_up")
        messages.success(request, "A backup is being made. It appears below once it is whole.")
    return redirect("backups")


@require_safe
@may_back_up
def download(request: HttpRequest, name: str) -> FileResponse:
    """Take a backup away. Who did is written down: it holds everything that is known of everybody."""
    found = backup.named(name)
    if found is None:
        raise Http404
    audit.note("backup_taken", about=found.name)
    file = found.path.open("rb")
    answer = FileResponse(file, as_attachment=True, filename=found.name)
    if isinstance(request, ASGIRequest):
        answer.streaming_content = while_sent(iter(partial(file.read, PIECE), b""))
    answer["Cache-Control"] = "no-store"
    return answer
