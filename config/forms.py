"""Forms of the top floor."""

from __future__ import annotations

import zoneinfo
from datetime import time
from functools import cache
from typing import Any

from django import forms

from config import starters
from config.models import Invitation, Role, Token, User
from config.options import Options
from notifications import house


@cache
def zones() -> dict[str, str]:
    """Every time zone by its name in small letters."""
    return {name.lower(): name for name in sorted(zoneinfo.available_timezones())}


def clock(at: time | None) -> str:
    """A time of day as the options have it; nothing for none."""
    return f"{at:%H:%M}" if at else ""


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
    require_second_factor = forms.BooleanField(
        label="Administrators need a second factor",
        required=False,
        help_text="Who has none is led to setting it up before anything else.",
    )

    notices_kept_days = forms.IntegerField(
        label="Notices are kept for so many days",
        min_value=house.LEAST_KEPT,
        max_value=3650,
        required=False,
        help_text="Then notices, their deliveries and each try are deleted. Nothing is told a second time for that.",
    )

    def clean_notices_kept_days(self) -> int:
        """As many as at first, where nothing is said."""
        days: int | None = self.cleaned_data["notices_kept_days"]
        return Options().notices_kept_days if days is None else days

    health_daily = forms.TimeField(
        label="Check-up in the morning at",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="How the network fares, told to who subscribes to it. Empty: never.",
    )
    health_nightly = forms.TimeField(
        label="Check-up at night at",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="How Towerwatch itself does. Empty: never.",
    )

    def clean_health_daily(self) -> str:
        """The time as the options have it."""
        return self._time("health_daily")

    def clean_health_nightly(self) -> str:
        """The time as the options have it."""
        return self._time("health_nightly")

    def _time(self, name: str) -> str:
        # What the page did not ask for stays as it is.
        return clock(self.cleaned_data[name]) if name in self.data else str(self.initial.get(name) or "")

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
            kwargs["initial"] = {"name": user.name, "email": user.email, "role": user.role or Role.TECHNICIAN}
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


# With another role the page shows what that one begins with.
SHOW_THEIR_STARTERS = {
    "hx-get": "", "hx-trigger": "change", "hx-select": "#starters", "hx-target": "#starters", "hx-swap": "outerHTML",
}  # fmt: skip


class InviteForm(UserForm):
    """Somebody new, and what they hear of from the start, by role."""

    shown_role = forms.CharField(widget=forms.HiddenInput, required=False)
    chosen = forms.MultipleChoiceField(
        label="Starter subscriptions",
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Their own from the start; they change them as they like.",
    )

    def __init__(self, data: Any = None, *, role: str) -> None:
        choices = starters.of(role)
        keys = [key for key, _ in choices]
        self.is_of_other_role = data is not None and data.get("shown_role") != role
        if self.is_of_other_role:
            data = data.copy()
            data["shown_role"] = role
            data.setlist("chosen", keys)
        super().__init__(data, initial={"role": role, "shown_role": role, "chosen": keys})
        self.fields["role"].widget.attrs |= SHOW_THEIR_STARTERS
        field: Any = self.fields["chosen"]
        field.choices = choices
        if not choices:
            del self.fields["chosen"]

    def clean_email(self) -> str:
        """An address that nobody else signs in with, or is invited by."""
        email = super().clean_email()
        if Invitation.objects.open().filter(email=email).exists():
            raise forms.ValidationError(
                "There is an open invitation to this address: make a new link of it on the page “Users”."
            )
        return email

    def clean(self) -> dict[str, Any]:
        """What was ticked must have been shown for this role."""
        if self.is_of_other_role and "chosen" in self.fields:
            self.add_error("chosen", "These belong to the role that you chose: look at them, and send again.")
        return self.cleaned_data

    @property
    def terms(self) -> dict[str, Any]:
        """What an invitation says."""
        said = {name: self.cleaned_data[name] for name in ("name", "email", "role")}
        return {**said, "chosen": self.cleaned_data.get("chosen", [])}


class HeirForm(forms.Form):
    """Who takes over from somebody who leaves."""

    heir = forms.ModelChoiceField(
        label="Who takes over",
        queryset=User.objects.none(),
        required=False,
        empty_label="Nobody yet",
    )

    def __init__(self, *args: Any, heirs: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["heir"]
        field.queryset = User.objects.filter(pk__in=[one.pk for one in heirs])


class MeForm(forms.Form):
    """What one may change about oneself."""

    name = forms.CharField(label="Your name", max_length=120)


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label="Name", max_length=60, help_text="What uses it, such as “billing” or “wall display”.")
    scope = forms.ChoiceField(
        label="It may",
        choices=Token.Scope.choices,
        initial=Token.Scope.READ,
        widget=forms.RadioSelect,
        help_text="Never more than you may yourself.",
    )
    days = forms.TypedChoiceField(
        label="It ends after",
        coerce=int,
        choices=[(7, "a week"), (30, "30 days"), (90, "90 days"), (180, "half a year"), (365, "a year")],
        initial=90,
    )
