"""Forms of this floor."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model

from agents import ways
from outages.models import Check, Incident


class CheckForm(forms.ModelForm):
    """How one piece of equipment is looked at, and when it counts as down."""

    probe = forms.ChoiceField(label="Way of looking", choices=ways.choices)

    class Meta:
        model = Check
        fields = ["probe", "port", "interval", "count", "window", "on"]

    def clean(self) -> dict[str, Any]:
        """A probe that wants a port gets one; the others keep none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        wants = {option.name for option in ways.probe(cleaned["probe"]).options} if cleaned.get("probe") else set()
        if "port" not in wants:
            cleaned["port"] = None
        elif cleaned.get("port") is None and "port" not in self.errors:
            self.add_error("port", "This way of looking needs a port.")
        return cleaned


class FirstCheckForm(CheckForm):
    """The check of new equipment, which may also go without."""

    look = forms.BooleanField(label="Look at it from now on", required=False, initial=True)
    field_order = ["look", "probe", "port", "interval", "count", "window"]

    class Meta(CheckForm.Meta):
        fields = ["probe", "port", "interval", "count", "window"]


class WorkForm(forms.ModelForm):
    """How the work on an incident stands."""

    class Meta:
        model = Incident
        fields = ["state", "owner", "expected_at", "sentence"]
        widgets = {"expected_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = get_user_model().objects.filter(is_active=True)  # type: ignore[attr-defined]
        self.fields["state"].choices = [  # type: ignore[attr-defined]
            choice for choice in Incident.State.choices if choice[0] != Incident.State.RESOLVED
        ]


class NoteForm(forms.Form):
    """A line for the timeline."""

    text = forms.CharField(label="Add a note", max_length=500)
