"""Forms of one's own addresses: a new one as its channel asks for it, its code, and what is chosen of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model

from notifications.channels.channel import Channel, Parts
from notifications.models import Address
from notifications.verifying import DIGITS, parts_of


class AddressForm(forms.Form):
    """What a channel wants to know of a new address, and what its owner calls it."""

    parts: Parts

    def __init__(self, channel: Channel, owner: Model, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel, self.owner = channel, owner
        self.fields |= channel.fields()
        hint = "What it is called in your list, such as “On call phone”."
        self.fields["label"] = forms.CharField(label="Name", max_length=80, required=False, help_text=hint)

    def clean(self) -> dict[str, Any] | None:
        """The parts of the address, where every field alone is right."""
        if not self.errors:
            try:
                self.parts = parts_of(self.channel, self.owner, self.cleaned_data)
            except ValidationError as fault:
                self.add_error(None, fault)
        return self.cleaned_data


class CodeForm(forms.Form):
    """The code that came by the address."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text=f"{DIGITS} digits. It is good for 15 minutes.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )


class ChosenForm(forms.ModelForm):
    """What an address is called, and whether it is one of the defaults."""

    class Meta:
        model = Address
        fields = ("label", "by_default")
        labels = {"label": "Name", "by_default": "One of my defaults"}
        help_texts = {"by_default": "Notices of subscriptions that name no channel go to all defaults."}

    def clean_label(self) -> str:
        """On one line."""
        return " ".join(str(self.cleaned_data["label"]).split())
