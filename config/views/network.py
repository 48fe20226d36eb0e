"""The demo: what it is, what fails in it at this moment, and the buttons that let something fail."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from agents.simulated.control import ControlError, NotRunning
from agents.simulated.failures import SCENARIOS
from config import demo as invented
from config import options
from config.playing import Playing, look
from customers.models import Equipment

may_play = permission_required("config.play", raise_exception=True)
may_set_options = permission_required("config.options", raise_exception=True)
HAS_EQUIPMENT = (
    "The demo was not loaded: this installation has equipment of its own, and invented outages beside real ones would "
    "mislead. Load it into an installation without equipment."
)
SAID = {
    "pause": "The script is paused; what has failed stays failed.",
    "resume": "The script goes on.",
    "recover": "Everything is being mended.",
}


def demo(request: HttpRequest) -> HttpResponse:
    """The demo's page, or for htmx the part of it that changes."""
    loaded, again = options.current().demo, "HX-Request" in request.headers
    context: dict[str, Any] = {"loaded": loaded, "scenarios": SCENARIOS.values()}
    if loaded:
        context["playing"] = _playing()
    elif not again:
        context["has_equipment"] = Equipment.objects.exists()
    response = render(request, "config/demo_state.html" if again else "config/demo.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _playing() -> Playing:
    return look(invented.command, invented.TAG)


@require_POST
@may_set_options
def load(request: HttpRequest) -> HttpResponse:
    """Load the demo, where there is nothing that it could be mixed with."""
    if options.fresh().demo:
        messages.info(request, "The demo is loaded already.")
    elif Equipment.objects.exists():
        messages.error(request, HAS_EQUIPMENT)
    else:
        invented.load()
        messages.success(
            request, "The demo is loaded. Its devices start in a few seconds, and are looked at from then on."
        )
    return redirect("demo")


@may_set_options
def clear(request: HttpRequest) -> HttpResponse:
    """Take the demo away, after asking once."""
    if not options.fresh().demo:
        messages.info(request, "No demo is loaded.")
        return redirect("demo")
    if request.method != "POST":
        context = {"heading": "Clear the demo?", "submit": "Clear the demo", "danger": True, "cancel": reverse("demo")}
        return render(request, "config/demo_clear.html", {**context, "tag": invented.TAG})
    try:
        invented.clear()
    except ProtectedError:
        messages.error(
            request, "The demo was not cleared: something of your own hangs on it. Move or delete that first."
        )
    else:
        messages.success(request, "The demo is gone. What you added yourselves is still here.")
    return redirect("demo")


@require_POST
@may_play
def play(request: HttpRequest) -> HttpResponse:
    """Let a scenario happen, or stop, resume or mend."""
    scenario, command = request.POST.get("scenario", ""), request.POST.get("command", "")
    if scenario in SCENARIOS:
        wanted, said = {"command": "play", "scenario": scenario}, f"{SCENARIOS[scenario].label}: it happens now."
    elif command in SAID:
        wanted, said = {"command": command}, SAID[command]
    else:
        messages.error(request, "There is no such scenario.")
        return redirect("demo")
    try:
        invented.command(wanted)
        messages.success(request, said)
    except NotRunning:
        messages.error(request, "The invented network is not running yet: try again in a few seconds.")
    except ControlError as fault:
        messages.error(request, f"The invented network did not do it: {fault}")
    return redirect("demo")
