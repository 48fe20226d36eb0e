"""Forms of the top floor."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any

from django import forms

from config.models import Role, User


@cache
def zones() -> dict[str, str]:
    """Every time zone by its name in small letters."""
    return {name.lower(): name for name in sorted(zoneinfo.available_timezones())}


class OptionsForm(forms.Form):
    """What an administrator sets about the whole installation."""

    isp_name = forms.CharField(
        label="Name of the ISP", max_length=80, required=False, help_text="It stands at the head of every page."
    )
    time_zone = forms.CharField(
        label="Time zone",
        max_length=60,
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Every page shows its times in this zone. Type a city, such as Denver or Berlin.",
    )

    def clean_time_zone(self) -> str:
        """A zone by its full name, or by a city that only one zone has."""
        given: str = self.cleaned_data["time_zone"]
        wanted = given.lower().replace(" ", "_")
        cities = [name for key, name in zones().items() if key.rpartition("/")[2] == wanted]
        found = zones().get(wanted) or (cities[0] if len(cities) == 1 else "")
        if not found:
            raise forms.ValidationError(
                f"There is no time zone “{given}”. One is Europe/Berlin, another America/Denver."
            )
        return found


class UserForm(forms.Form):
    """One of the staff: a new one, or `user` as `by` changes them."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="E-mail", max_length=150, help_text="They sign in with it.")
    role = forms.ChoiceField(label="Role", choices=Role.choices, help_text="The page “Roles” says what each may do.")

    def __init__(self, *args: Any, user: User | None = None, by: User | None = None, **kwargs: Any) -> None:
        if user is not None:
            kwargs["initial"] = {"name": user.name, "email": user.email, "role": user.role}
        super().__init__(*args, **kwargs)
        self.user = user
        if user is not None and user == by:
            self.fields["role"].disabled = True
            self.fields["role"].help_text = "Nobody changes their own role: another administrator can."

    def clean_email(self) -> str:
        """An address that nobody else signs in with."""
        email: str = self.cleaned_data["email"].lower()
        others = User.objects.filter(email__iexact=email)
        if self.user is not None:
            others = others.exclude(pk=self.user.pk)
        if other := others.first():
            raise forms.ValidationError(f"{other} signs in with this address already.")
        return email


class MeForm(forms.Form):
    """What one may change about oneself."""

    name = forms.CharField(label="Your name", max_length=120)
