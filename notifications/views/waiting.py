"""What waits to be told of an object: put off once, with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from notifications import extending
from notifications.event import declared
from notifications.models import Plan

DAY = timedelta(days=1)
TIMES = {
    "hour": ("An hour", timedelta(hours=1)),
    "day": ("A day", DAY),
    "week": ("A week", 7 * DAY),
    "month": ("30 days", 30 * DAY),
}
# An hour is nothing to what is days away.
SOON, LATER = ("hour", "day"), ("day", "week", "month")


class ExtendForm(forms.Form):
    """How much later, and why."""

    longer = forms.ChoiceField(
        label="Later by",
        widget=forms.RadioSelect,
    )
    why = forms.CharField(label="Why", max_length=200, help_text="Everybody sees it on the page of the object.")

    def __init__(self, plan: Plan, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longer: Any = self.fields["longer"]
        offered = LATER if plan.due_at - timezone.now() > 2 * DAY else SOON
        longer.choices = [(key, TIMES[key][0]) for key in offered]
        longer.initial = offered[0]

    def put_off(self, plan: Plan, by: Any) -> bool:
        """Tell it later; False where that is refused, and the form says why."""
        longer = TIMES[self.cleaned_data["longer"]][1]
        try:
            extending.extend(plan, by, longer, self.cleaned_data["why"], timezone.now())
        except extending.Refused as fault:
            self.add_error(None, str(fault))
            return False
        return True


def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Put off, once, what would be told if an object stays as it is."""
    plan = _found(request.user, pk)
    thing: Any = plan.about
    form = ExtendForm(plan, request.POST or None)
    if form.is_valid() and form.put_off(plan, request.user):
        messages.success(request, "It is told later, if it is still so then.")
        return redirect(thing)
    context = {
        "heading": "Tell it later",
        "kind": str(thing),
        "cancel": thing.get_absolute_url(),
        "intro": f"“{declared()[plan.event].label}” can be put off once. If it is over by then, nobody is told.",
        "form": form,
        "submit": "Put off",
    }
    return render(request, "parts/form_page.html", context)


def _found(user: Any, pk: int) -> Plan:
    plan = get_object_or_404(Plan.objects.select_related("subscription"), pk=pk, event__in=declared())
    if not extending.can_last(plan, timezone.now()):
        raise Http404
    if not extending.may_extend(user, plan):
        raise PermissionDenied
    return plan
