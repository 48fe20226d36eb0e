"""The desk: searching, the alarms across the top, the first steps and the settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from config import options
from config.forms import OptionsForm, zones
from config.search import find
from customers.models import Equipment

ON_A_PAGE, WHILE_TYPING = 25, 6
may_set_options = permission_required("config.options", raise_exception=True)


def search(request: HttpRequest) -> HttpResponse:
    """What matches ?q=; while one types, only the results."""
    text = request.GET.get("q", "").strip()[:100]
    typing = "HX-Request" in request.headers
    found = find(text, WHILE_TYPING if typing else ON_A_PAGE, request.user) if text else []
    template = "parts/search_results.html" if typing else "config/search.html"
    response = render(request, template, {"q": text, "found": found})
    patch_vary_headers(response, ["HX-Request"])
    return response


def alarms(request: HttpRequest) -> HttpResponse:
    """What is wrong with our own looking, as a fragment."""
    return render(request, "parts/alarms.html")


def welcome(request: HttpRequest) -> HttpResponse:
    """The first steps, for as long as there is no equipment."""
    if Equipment.objects.exists():
        return redirect("now")
    form = _options_form(request) if request.user.has_perm("config.options") else None
    if form is not None:
        for name in ("require_second_factor", "notices_kept_days", "health_daily", "health_nightly"):
            del form.fields[name]
        if form.is_valid():
            return _keep(request, form, "welcome")
    return render(request, "config/welcome.html", {"form": form, "zones": zones().values()})


@may_set_options
def settings(request: HttpRequest) -> HttpResponse:
    """The options of the whole installation."""
    form = _options_form(request)
    if form.is_valid():
        return _keep(request, form, "settings")
    context = {"form": form, "zones": zones().values(), "has_equipment": Equipment.objects.exists()}
    return render(request, "config/settings.html", context)


def _options_form(request: HttpRequest) -> OptionsForm:
    chosen = options.fresh()
    initial = {name: getattr(chosen, name) for name in OptionsForm.base_fields}
    return OptionsForm(request.POST or None, initial=initial)


def _keep(request: HttpRequest, form: OptionsForm, place: str) -> HttpResponse:
    options.change(**form.cleaned_data)
    messages.success(request, "Saved. Every page shows it from now on.")
    return redirect(place)
