"""Forms of the rota."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms

from notifications import recipients
from notifications.duty.models import Cover, Turn

LONGEST_COVER = timedelta(days=92)
CLOCK = {"type": "time"}
MOMENT = {"type": "datetime-local"}
FORMAT = "%Y-%m-%dT%H:%M"


class _DutyForm(forms.ModelForm):
    """Of the staff, those who may sign in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["person"]
        working = [int(key) for key, _ in recipients.kinds()[recipients.PERSON].choices()]
        field.queryset = field.queryset.filter(pk__in=working).order_by("name", "pk")
        field.empty_label = "Choose somebody"


class TurnForm(_DutyForm):
    """Somebody's part of every week."""

    class Meta:
        model = Turn
        fields = ["person", "rank", "from_day", "from_time", "to_day", "to_time"]
        labels = {
            "rank": "Called", "from_day": "From", "from_time": "From, at", "to_day": "Until", "to_time": "Until, at",
        }  # fmt: skip
        help_texts = {
            "rank": "Who is second is told where the first does not answer.",
            "to_time": "The same day and time as above: all week.",
        }
        widgets = {
            "from_time": forms.TimeInput(attrs=CLOCK, format="%H:%M"),
            "to_time": forms.TimeInput(attrs=CLOCK, format="%H:%M"),
        }


class CoverForm(_DutyForm):
    """Somebody stands in, on dates."""

    class Meta:
        model = Cover
        fields = ["person", "rank", "starts_at", "ends_at", "note"]
        labels = {"rank": "Called", "starts_at": "From", "ends_at": "Until", "note": "Note"}
        help_texts = {"rank": "They stand in for whoever has this rank by the rota."}
        widgets = {
            "starts_at": forms.DateTimeInput(attrs=MOMENT, format=FORMAT),
            "ends_at": forms.DateTimeInput(attrs=MOMENT, format=FORMAT),
        }

    def clean(self) -> dict[str, Any]:
        """It ends after it begins, and does not last for ever: for that there is the rota."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        starts, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", "It has to end after it begins.")
        elif starts and ends and ends - starts > LONGEST_COVER:
            self.add_error("ends_at", "It lasts more than three months: change the rota instead.")
        return cleaned
