"""Backups: what there is, making one now, taking one away; and what is held back after one was put back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from config import backup, heartbeat, options, safety
from notifications import audit, pause
from notifications.models import Attempt, Delivery

may_back_up = permission_required("config.backups", raise_exception=True)
may_set_options = permission_required("config.options", raise_exception=True)
SHOWN = 100


class KeepForm(forms.Form):
    """How many backups are kept."""

    backup_keep = forms.IntegerField(
        label="Backups to keep", min_value=1, max_value=400, help_text="When there are more, the oldest goes."
    )


class HeartbeatForm(forms.Form):
    """Whom to tell that the network is looked at."""

    heartbeat_url = forms.CharField(
        label="Address",
        max_length=500,
        required=False,
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Such as https://hc-ping.com/your-own-key. Empty: nobody is told.",
    )

    def clean_heartbeat_url(self) -> str:
        """An address that can be told."""
        given: str = self.cleaned_data["heartbeat_url"]
        if given:
            try:
                heartbeat.parts_of(given)
            except ValueError as fault:
                raise forms.ValidationError(str(fault)) from None
        return given


class DiscardForm(forms.Form):
    """Up to when what waits is discarded; all of it where nothing is said."""

    hours = forms.TypedChoiceField(
        label="What was written",
        coerce=int,
        choices=[
            (0, "at any time"),
            (1, "more than 1 hour ago"),
            (6, "more than 6 hours ago"),
            (24, "more than 1 day ago"),
            (168, "more than 1 week ago"),
        ],
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
    return FileResponse(found.path.open("rb"), as_attachment=True, filename=found.name)


@may_set_options
def beating(request: HttpRequest) -> HttpResponse:
    """Whom to tell each minute; what is entered is tried at once."""
    form = HeartbeatForm(request.POST or None, initial={"heartbeat_url": options.fresh().heartbeat_url})
    if request.method == "POST" and form.is_valid() and _is_heard(form):
        options.change(heartbeat={}, **form.cleaned_data)
        messages.success(request, "Saved. It is told within two minutes, and then each minute.")
        return redirect("health")
    context = {
        "heading": "Heartbeat",
        "kind": "Settings",
        "intro": "This address is asked for each minute while the network is looked at. When it hears nothing for a "
        "while, whoever runs it wakes you: healthchecks.io, Uptime Kuma or a watchman of your own.",
        "cancel": reverse("settings"),
    }
    return render(request, "parts/form_page.html", {"form": form, **context})


def _is_heard(form: HeartbeatForm) -> bool:
    address = form.cleaned_data["heartbeat_url"]
    try:
        if address and not pause.is_paused():
            heartbeat.tell(address)
    except heartbeat.Unheard as fault:
        form.add_error("heartbeat_url", f"{str(fault)[:1].upper()}{str(fault)[1:]}.")
        return False
    return True


@may_back_up
def held_back(request: HttpRequest) -> HttpResponse:
    """What would be sent at once, if sending went on."""
    now, form = timezone.now(), DiscardForm()
    waiting = pause.pending(now)
    context: dict[str, Any] = {
        "paused": pause.current(),
        "restored_at": parse_datetime(options.fresh().restored_at),
        "total": waiting.count(),
        "by_channel": _by_channel(waiting),
        "oldest": waiting.order_by("notice__created_at").first(),
        "waiting": waiting.prefetch_related("notice__recipient").order_by("-notice__created_at", "pk")[:SHOWN],
        "later": Delivery.objects.filter(state=Delivery.State.WAITING, due_at__gt=now).count(),
        "begun": set(_begun(waiting)),
        "form": form,
    }
    return render(request, "config/held_back.html", context)


def _by_channel(waiting: Any) -> list[tuple[str, int]]:
    counted = waiting.order_by().values_list("address__channel").annotate(count=Count("pk"))
    return sorted((channel or "no address", count) for channel, count in counted)


def _begun(waiting: Any) -> list[int]:
    """Those of which a try was begun and its end is not known: perhaps they were sent."""
    rows = Attempt.objects.filter(delivery__in=waiting.order_by().values("pk"), ended_at=None)
    return list(rows.values_list("delivery", flat=True).distinct())


@require_POST
@may_back_up
def release(request: HttpRequest) -> HttpResponse:
    """Send what waits, and go on."""
    count = pause.pending(timezone.now()).count()
    if pause.resume():
        audit.note("released", f"{count} deliveries waited")
        messages.success(request, f"Sending goes on; {count} deliveries leave now.")
    return redirect("held_back")


@require_POST
@may_back_up
def discard(request: HttpRequest) -> HttpResponse:
    """Discard what waits and is older than is said; sending stays paused."""
    form = DiscardForm(request.POST)
    if form.is_valid():
        before = timezone.now() - timedelta(hours=form.cleaned_data["hours"])
        count = pause.discard(before)
        audit.note("discarded", f"{count} deliveries, written up to {before:%F %T} UTC")
        messages.success(request, f"{count} deliveries are discarded. Their notices stay in the inbox.")
    else:
        messages.error(request, "Nothing was discarded: say how old.")
    return redirect("held_back")
