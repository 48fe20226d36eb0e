"""The delivery log: everything that was sent to anybody, with each try; for administrators."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import permission_required
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from notifications.channels.channel import named
from notifications.delivery import log, replay
from notifications.event import declared
from notifications.models import Delivery

may_read = permission_required("notifications.delivery_log", raise_exception=True)
ROWS = "notifications/log_rows.html"
LARGEST_KEY = 2**63 - 1


class Day(forms.DateField):
    """A day of this age."""

    default_validators = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]

    def __init__(self, label: str) -> None:
        super().__init__(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class Filter(forms.Form):
    """What of the log is shown."""

    person = forms.ModelChoiceField(
        label="To", queryset=get_user_model()._default_manager.none(), required=False, empty_label="Everybody"
    )
    channel = forms.ChoiceField(label="By", required=False)
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Every state"), *Delivery.State.choices])
    event = forms.ChoiceField(label="Event", required=False)
    text = forms.CharField(
        label="Says", required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    since = Day(label="From")
    until = Day(label="Until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found: dict[str, Any] = self.fields
        found["person"].queryset = get_user_model()._default_manager.all()
        found["channel"].choices = [("", "Every channel"), *((name, named(name).label) for name in settings.CHANNELS)]
        found["event"].choices = [("", "Every event"), *((one.key, one.label) for one in declared().values())]

    def clean(self) -> dict[str, Any]:
        """A span of time has its beginning first."""
        found = self.cleaned_data
        if found.get("since") and found.get("until") and found["since"] > found["until"]:
            self.add_error("until", "This is before the day from which on.")
        return found

    def wanted(self, after: int | None = None) -> log.Wanted:
        """What is asked for; a field that is wrong asks for nothing."""
        said = self.cleaned_data
        days = {name: said.get(name) for name in ("since", "until")}
        words = {name: said.get(name) or "" for name in ("channel", "state", "event", "text")}
        return log.Wanted(
            **words,
            person=said.get("person"),
            since=_midnight(days["since"]) if days["since"] else None,
            until=_midnight(days["until"] + timedelta(days=1)) if days["until"] else None,
            after=after,
        )


class FailedFilter(Filter):
    """Of what failed for good."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["state"]

    def wanted(self, after: int | None = None) -> log.Wanted:
        """What is asked for of it."""
        self.cleaned_data["state"] = Delivery.State.FAILED.value
        return super().wanted(after)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def place(request: HttpRequest) -> int | None:
    """After which delivery (its pk) the page begins; None for the beginning, and for what is no place."""
    text = request.GET.get("after", "")
    fits = text.isascii() and text.isdecimal() and len(text) < 20
    return int(text) if fits and 0 < int(text) <= LARGEST_KEY else None


def render_log(request: HttpRequest, template: str, form: Filter, **more: Any) -> HttpResponse:
    """The whole page, or the rows alone for htmx."""
    form.is_valid()
    found, older = log.read(form.wanted(place(request)))
    alone = request.headers.get("HX-Target") == "rows"
    context = {"form": form, "lines": [log.Line(one) for one in found], "older": older, "rows_template": ROWS} | more
    response = render(request, ROWS if alone else template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@may_read
def deliveries(request: HttpRequest) -> HttpResponse:
    """A page of the log."""
    return render_log(request, "notifications/log.html", Filter(request.GET))


@may_read
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One delivery with all its tries."""
    found = get_object_or_404(log.whole(Delivery.objects.all()), pk=pk)
    line = log.Line(found)
    context = {"line": line, "obstacle": replay.obstacle(found) if line.is_failed else ""}
    return render(request, "notifications/delivery.html", context)
