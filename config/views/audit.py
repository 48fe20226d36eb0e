"""The audit log: who changed what, and the same as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice

from django import forms
from django.contrib.auth.decorators import permission_required
from django.core.handlers.asgi import ASGIRequest
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from config import audit as log
from config.models import User
from customers.imports.export import lines, while_sent
from notifications import audit as acts
from notifications.cells import guarded

may_read = permission_required("config.audit", raise_exception=True)
HEADER = ["Time (UTC)", "Who", "Did", "Kind", "What", "Changes", "From"]


class Day(forms.DateField):
    """A day of this age."""

    default_validators = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]

    def __init__(self, label: str) -> None:
        super().__init__(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class Filter(forms.Form):
    """What of the log is shown."""

    who = forms.ChoiceField(label="Who", required=False)
    kind = forms.ChoiceField(
        label="What", required=False, choices=[("", "Everything"), *((sort.key, sort.label) for sort in log.SORTS)]
    )
    since = Day(label="From")
    until = Day(label="Until")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        people = [(str(user.pk), str(user)) for user in User.objects.exclude(is_active=True, role="")]
        self.fields["who"].choices = [("", "Everybody"), ("itself", log.ITSELF), *people]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        """A span of time has its beginning first."""
        found = self.cleaned_data
        if found.get("since") and found.get("until") and found["since"] > found["until"]:
            self.add_error("until", "This is before the day from which on.")
        return found

    def wanted(self, after: log.Place | None = None) -> log.Wanted:
        """What is asked for; a field that is wrong asks for nothing."""
        said = self.cleaned_data
        until = said.get("until")
        end = _midnight(until + timedelta(days=1)) if until else None
        since = _midnight(said["since"]) if said.get("since") else None
        return log.Wanted(said.get("who", ""), said.get("kind", ""), since, end, after)


@may_read
def audit(request: HttpRequest) -> HttpResponse:
    """A page of the log."""
    form = Filter(request.GET)
    form.is_valid()
    entries, more = log.read(form.wanted(log.place(request.GET.get("after", ""))))
    alone = request.headers.get("HX-Target") == "rows"
    context = {"form": form, "entries": entries, "more": more, "rows_template": "config/audit_rows.html"}
    response = render(request, "config/audit_rows.html" if alone else "config/audit.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@may_read
def export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """All that the page would show, as CSV; that it was taken is in the log itself."""
    form = Filter(request.GET)
    if not form.is_valid():
        return render(request, "400.html", status=400)
    acts.note("export", request.GET.urlencode(), "the audit log")
    pieces = _pieces(form.wanted())
    body = while_sent(pieces) if isinstance(request, ASGIRequest) else pieces
    answer = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate():%Y-%m-%d}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _pieces(wanted: log.Wanted) -> Iterator[str]:
    # Spreadsheets take a file without the mark for one in their own old encoding.
    yield "\ufeff" + lines([HEADER])
    entries = log.everything(wanted)
    while rows := [_cells(one) for one in islice(entries, log.CHUNK)]:
        yield lines(rows)


def _cells(one: log.Entry) -> list[str]:
    about = [one.by, one.verb, one.kind, one.about, "; ".join(one.changes), one.address]
    return [f"{one.at:%Y-%m-%d %H:%M:%S}", *map(guarded, about)]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
