"""The forms by which somebody writes to others; the API checks by them, too."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from notifications import direct, general, recipients
from notifications.recipients import Recipient
from notifications.reports import making
from notifications.terms import ChannelsField, Reach

REPORTS = [("", "Nothing"), (making.PDF, "This page as PDF"), (making.CSV, "This page as CSV")]


class LineField(forms.CharField):
    """One line of at most 280 signs. A longer one is refused, never cut; line breaks become spaces."""

    def __init__(self, **kwargs: Any) -> None:
        # Not `maxlength`: with it a browser cuts what is pasted, and says nothing.
        widget = forms.Textarea(attrs={"rows": 3, "data-most": direct.LONGEST, "autocomplete": "off"})
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> Any:
        """The words with single spaces between them."""
        return " ".join(str(super().to_python(value)).split())

    def validate(self, value: Any) -> None:
        """Raises ValidationError for what is empty, too long, or cannot be shown."""
        super().validate(value)
        if len(value) > direct.LONGEST:
            raise ValidationError(f"At most {direct.LONGEST} signs: this has {len(value)}.")
        if any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in value):
            raise ValidationError("There is a sign in it that cannot be shown.")


@dataclass(frozen=True, slots=True)
class Group:
    """Recipients of one kind: the value, the name and whether it is checked, of each."""

    label: str
    choices: list[tuple[str, str, bool]]

    @property
    def is_long(self) -> bool:
        """Does it stand behind a click, until somebody of it is chosen?"""
        return len(self.choices) > 8

    @property
    def chosen(self) -> int:
        """How many of them are checked."""
        return sum(chosen for _, _, chosen in self.choices)


class AnnounceForm(forms.Form):
    """A general notice to everybody."""

    text = LineField(label="Text")
    mark = forms.RegexField(r"^[\w-]{8,64}$", widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, sender: Any, about: Any = None, **kwargs: Any) -> None:
        # Once for each time that the form is shown: what is sent twice from one form is told once.
        super().__init__(*args, **kwargs)
        self.initial.setdefault("mark", secrets.token_urlsafe(12))
        self.sender, self.about = sender, about

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError for who has written too much of late."""
        if direct.is_too_much(self.sender, timezone.now()):
            words = f"You have written {direct.MOST_IN_AN_HOUR} notices within an hour: wait a little."
            raise ValidationError({"text": words})
        return self.cleaned_data

    @property
    def draft(self) -> direct.Draft:
        """What a valid form says."""
        said = self.cleaned_data
        mark = said["mark"] or secrets.token_urlsafe(12)
        return direct.Draft(said["text"], [everybody()], mark, self.about, said.get("report", ""))


class DirectForm(AnnounceForm):
    """A notice about an object, to users and roles."""

    to = forms.MultipleChoiceField(label="To", error_messages={"required": "Say to whom it goes."})
    report = forms.ChoiceField(label="Attached", choices=REPORTS, required=False, widget=forms.RadioSelect)

    field_order = ["text", "to", "report"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = [(label, list(choices)) for label, choices in among(self.sender)]
        self.fields["to"].choices = self.kinds  # type: ignore[attr-defined]

    @property
    def groups(self) -> Iterator[Group]:
        """Who can be chosen, by kind, and who is."""
        chosen = set(self["to"].value() or ())
        for label, choices in self.kinds:
            yield Group(label, [(value, name, value in chosen) for value, name in choices])

    def clean_to(self) -> list[Recipient]:
        """Whom it goes to: those who may see the object; raises ValidationError naming those who may not."""
        to = [(value.partition(":")[0], value.partition(":")[2]) for value in self.cleaned_data["to"]]
        people = direct.meant(to, self.sender)
        if not people:
            raise ValidationError("There is nobody but you among them.")
        permission = making.subjects()[self.about._meta.label_lower].permission
        if shut_out := [str(person) for person in people if not person.has_perm(permission)]:
            raise ValidationError(f"This page is not for {', '.join(shut_out)}: leave them out.")
        return to

    @property
    def draft(self) -> direct.Draft:
        """What a valid form says."""
        said = self.cleaned_data
        mark = said["mark"] or secrets.token_urlsafe(12)
        return direct.Draft(said["text"], said["to"], mark, self.about, said["report"])


class GeneralForm(forms.Form):
    """By which channels somebody gets general notices."""

    channels = ChannelsField(label="Tell by", required=False, help_text="None: by my defaults. The inbox has them all.")

    def __init__(self, person: Any, by: Any, **kwargs: Any) -> None:
        now = general.channels([person])[person]
        super().__init__(initial={"channels": sorted(now - {""})}, prefix="general", **kwargs)
        on_offer: Any = self.fields["channels"]
        reach = Reach.of((recipients.PERSON, str(person.pk)), by)
        on_offer.choices = [*reach.channels, *sorted((name, name) for name in now - {"", *dict(reach.channels)})]
        if person != by:
            on_offer.help_text = "None: by their defaults. The inbox has them all."


def among(sender: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    """Whom one may write to, by kind: the value and the name of each; not oneself."""
    own = f"{recipients.PERSON}:{sender.pk}"
    found = []
    for kind in recipients.kinds().values():
        choices = [(f"{kind.kind}:{key}", name) for key, name in kind.choices()]
        found.append((kind.label, [choice for choice in choices if choice[0] != own]))
    # The many first: single people may be a long list.
    return sorted((one for one in found if one[1]), key=lambda one: one[1][0][0].startswith(f"{recipients.PERSON}:"))


def everybody() -> Recipient:
    """The whole staff."""
    return "everybody", "all"
