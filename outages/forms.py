"""Forms of this floor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone

from agents import ways
from outages.models import TWICE, Check, Incident


class CheckForm(forms.ModelForm):
    """How one piece of equipment is looked at, and when it counts as down."""

    probe = forms.ChoiceField(label="Way of looking", choices=ways.choices)

    class Meta:
        model = Check
        fields = ["probe", "port", "interval", "count", "window", "on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.of_source:
            self._counts_polls(self.instance.probe)

    def _counts_polls(self, probe: str) -> None:
        """What a source says of equipment comes as often as the source is asked; only the number of polls is free."""
        del self.fields["port"]
        label = ways.probe(probe).label
        self.fields["probe"].choices = [(probe, label)]  # type: ignore[attr-defined]
        for name in ("probe", "interval", "window"):
            self.fields[name].disabled = True
        self.fields["interval"].help_text = "It is asked together with everything else of its source: set it there."
        self.fields["window"].help_text = "It grows by itself to the polls in a row, times the interval."
        self.fields["count"].label = "Polls in a row"

    def clean(self) -> dict[str, Any]:
        """A probe that wants a port gets one, the others keep none; the same check is not made twice."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        probe = cleaned.get("probe")
        if not probe:
            return cleaned
        if probe in ways.of_sources():
            return cleaned | {"window": self.instance.interval * cleaned.get("count", self.instance.count)}
        if "port" not in {option.name for option in ways.probe(probe).options}:
            self.errors.pop("port", None)
            cleaned["port"] = None
        elif cleaned.get("port") is None and "port" not in self.errors:
            self.add_error("port", "This way of looking needs a port.")
        if "port" in cleaned and self._twice(probe, cleaned["port"]):
            self.add_error(None, TWICE)
        return cleaned

    def _twice(self, probe: str, port: int | None) -> bool:
        others = Check.objects.filter(equipment=self.instance.equipment_id, probe=probe, port=port)
        return others.exclude(pk=self.instance.pk).exists()


class FirstCheckForm(CheckForm):
    """The check of new equipment, which may also go without."""

    look = forms.BooleanField(label="Look at it from now on", required=False, initial=True)
    field_order = ["look", "probe", "port", "interval", "count", "window"]

    class Meta(CheckForm.Meta):
        fields = ["probe", "port", "interval", "count", "window"]


class LookAtAllForm(CheckForm):
    """The check that all equipment of some kinds gets."""

    kinds = forms.MultipleChoiceField(label="Of these kinds", widget=forms.CheckboxSelectMultiple)
    field_order = ["kinds", "probe", "port", "interval", "count", "window"]

    class Meta(CheckForm.Meta):
        fields = ["probe", "port", "interval", "count", "window"]

    def __init__(self, *args: Any, kinds: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].choices = kinds  # type: ignore[attr-defined]
        self.fields["kinds"].initial = [kind for kind, _ in kinds]


class WorkForm(forms.ModelForm):
    """How the work on an incident stands. It knows what the page showed, so what others changed meanwhile stays."""

    class Meta:
        model = Incident
        fields = ["state", "owner", "expected_at", "sentence"]
        widgets = {"expected_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who has no role waits to be admitted.
        may_own = (Q(is_active=True) & ~Q(role="")) | Q(pk=self.instance.owner_id)
        self.fields["owner"].queryset = get_user_model().objects.filter(may_own)  # type: ignore[attr-defined]
        self.fields["owner"].empty_label = "Nobody yet"  # type: ignore[attr-defined]
        self.fields["state"].choices = [  # type: ignore[attr-defined]
            choice for choice in Incident.State.choices if choice[0] != Incident.State.RESOLVED
        ]
        for field in self.fields.values():
            field.show_hidden_initial = True

    def chosen(self) -> dict[str, Any]:
        """The cleaned values that differ from what was shown; all of them where the page did not say what that was."""
        says = all(self.add_initial_prefix(name) in self.data for name in self.fields)
        return {name: value for name, value in self.cleaned_data.items() if not says or name in self.changed_data}

    def clean_expected_at(self) -> datetime | None:
        """A time that customers may be told: it is still to come, and within a year; one that was set stays."""
        expected: datetime | None = self.cleaned_data["expected_at"]
        now = timezone.now()
        if expected is None or expected == self.instance.expected_at:
            return expected
        if expected < now:
            raise forms.ValidationError("This time has passed already.")
        if expected > now + timedelta(days=365):
            raise forms.ValidationError("This is more than a year away.")
        return expected


class NoteForm(forms.Form):
    """A line for the timeline."""

    text = forms.CharField(label="Add a note", max_length=500)
