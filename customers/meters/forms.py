"""The form of a meter reading."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from customers.equipment.models import Equipment, Unit
from customers.meters import actions
from customers.meters.models import MeterReading

MOST = Decimal("99999999999.9")
TENTH = Decimal("0.1")
# A reading above the last one by this much, and so many times as high, is rather a digit too many.
FAR, TIMES = 10_000, 10


class Counted(forms.DecimalField):
    """What a meter shows; finer than a tenth is cut off, as a meter does."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "decimal", "step": "any"}
        super().__init__(min_value=0, max_value=MOST, widget=forms.NumberInput(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> Any:
        """The number in tenths; raises ValidationError for what is none."""
        found: Any = super().to_python(value)
        if found is None or not found.is_finite() or abs(found) > MOST:
            return found
        return found.quantize(TENTH, rounding="ROUND_DOWN")


class ReadingForm(forms.ModelForm):
    """One reading of the meter of a piece of equipment; of the first one it asks what the meter counts."""

    value = Counted(label="Reading")
    unit = forms.ChoiceField(label="The meter counts", choices=Unit.choices, initial=Unit.HOURS)
    read_at = forms.DateTimeField(
        label="Read at", required=False, help_text="Left empty: now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    field_order = ["value", "unit", "read_at", "note", "replaced"]

    class Meta:
        model = MeterReading
        fields = ["value", "read_at", "note", "replaced"]

    def __init__(self, *args: Any, equipment: Equipment, by: Any, **kwargs: Any) -> None:
        kwargs["instance"] = MeterReading(equipment=equipment, by=by)
        super().__init__(*args, **kwargs)
        self.initial["read_at"] = None
        self.fields["value"].label = f"Reading in {self.unit_label}" if self.unit_label else "Reading"
        if equipment.meter_unit:
            self.fields["unit"].required = False
            self.fields["unit"].widget = forms.HiddenInput()
            self.initial["unit"] = equipment.meter_unit
        if equipment.meter is None:
            self.fields["replaced"].widget = forms.HiddenInput()

    @property
    def unit_label(self) -> str:
        """What the meter counts, in a sentence; "" for one that was never read."""
        unit = self.instance.equipment.meter_unit
        return Unit(unit).label.lower() if unit else ""

    def clean_read_at(self) -> Any:
        """Now, where nothing is said; raises ValidationError for a year that is a slip of the finger."""
        found = self.cleaned_data["read_at"] or timezone.now()
        if not 1990 <= found.year < 2100:
            raise forms.ValidationError("Write a year from 1990 to 2099.")
        return found

    def write(self) -> bool:
        """Keep the reading; False, with the fault at its field, for one that cannot be."""
        if not self.is_valid():
            return False
        try:
            self.instance = actions.write(self.instance, self.cleaned_data["unit"], timezone.now())
        except actions.Refused as fault:
            self.add_error(fault.field, str(fault))
        return self.is_valid()


class AskingForm(ReadingForm):
    """The same for people: what is far above the last reading is asked back once."""

    sure = forms.BooleanField(label="It does say that", required=False, widget=forms.HiddenInput)
    field_order = ["value", "sure", "unit", "read_at", "note", "replaced"]

    def clean(self) -> dict[str, Any]:
        """A number with a digit too many is a slip of the finger, unless it is said to be none."""
        super().clean()
        found = self.cleaned_data
        value, equipment = found.get("value"), self.instance.equipment
        if value is None or equipment.meter is None or found.get("sure") or found.get("replaced"):
            return found
        if value > equipment.meter * TIMES and value > equipment.meter + FAR:
            self.fields["sure"].widget = forms.CheckboxInput()
            text = f"That is far above {equipment.meter_words}, which it said last. Tick that it does say that, if so."
            self.add_error("value", text)
        return found
