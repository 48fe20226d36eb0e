"""Form fields that several slices share."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db import transaction
from taggit.models import Tag

from customers.type_ahead import ByName
from customers.words import digits

MOST_TAGS = 300


class Tags(forms.CharField):
    """Tags separated by commas; a tag may be of several words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=1000, help_text="Separated by commas.", **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The tags of a row as one text."""
        if value is None or isinstance(value, str):
            return value
        return ", ".join(sorted(str(tag) for tag in value))

    def clean(self, value: Any) -> list[str]:
        """The tags, each once."""
        typed = [" ".join(part.split()) for part in str(super().clean(value)).split(",")]
        names = list(dict.fromkeys(filter(None, typed)))
        for name in names:
            if len(name) > 100:
                raise forms.ValidationError(f"A tag has at most 100 signs; “{name[:30]}…” has {len(name)}.")
        return names

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is shown."""
        return (self.prepare_value(initial) or "") != (data or "")


class Phone(forms.CharField):
    """A phone number, kept as it was typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=40, widget=forms.TextInput(attrs={"type": "tel"}), **kwargs)

    def validate(self, value: str) -> None:
        """Refuse what nobody could dial."""
        super().validate(value)
        if value and len(digits(value)) < 3:
            raise forms.ValidationError("Write the number with its digits, for example 907 555 0123.")


class Day(forms.DateField):
    """A date, written so that nobody takes its day for its month."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages: ClassVar = {"invalid": "Write the date such as 2027-03-31."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, input_formats=["%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d.%m.%Y"], **kwargs)

    def validate(self, value: date | None) -> None:
        """Refuse a year that is a slip of the finger."""
        super().validate(value)
        if value and not 1990 <= value.year < 2100:
            raise forms.ValidationError("Write a year from 1990 to 2099.")


class WholeForm(forms.ModelForm):
    """A form that is saved whole, with its tags, or not at all."""

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        """As Django's; a row may also be asked for by its primary key, as the query of an address gives it."""
        value = super().get_initial_for_field(field, field_name)
        return field.asked_for(value) if isinstance(field, ByName) and isinstance(value, str) else value

    @transaction.atomic
    def save(self, commit: bool = True) -> Any:
        """The saved row. Only what the form asks for is written: recording may have set the row's state meanwhile."""
        if not commit or self.instance._state.adding:
            return super().save(commit)
        saved = super().save(commit=False)
        saved.save(update_fields=[one.name for one in saved._meta.concrete_fields if one.name in self.cleaned_data])
        self.save_m2m()
        return saved


def tag_choices() -> list[tuple[str, str]]:
    """The tags that there are, with none on top."""
    names = Tag.objects.order_by("name").values_list("name", flat=True)[:MOST_TAGS]
    return [("", "Any tag"), *((name, name) for name in names)]


class ListFilter(forms.Form):
    """What every list can be narrowed by; a choice that does not exist is as good as none."""

    q = forms.CharField(label="Search", required=False, max_length=200, widget=forms.TextInput({"type": "search"}))
    tag = forms.CharField(required=False, max_length=100, widget=forms.Select)
    archived = forms.ChoiceField(
        label="Show", required=False, choices=[("", "Current"), ("archived", "Archived"), ("all", "All")]
    )

    example = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tag"].widget.choices = tag_choices
        self.fields["q"].widget.attrs["placeholder"] = self.example

    @property
    def narrowed(self) -> bool:
        """Is anything left out that would be there otherwise? To be asked after `narrow`."""
        return any(self.cleaned_data.values())

    def narrow(self, rows: Any) -> Any:
        """The rows that the filter leaves."""
        if not self.is_valid():
            self.errors.clear()
        return self.narrow_more(self._common(rows), self.cleaned_data)

    def narrow_more(self, rows: Any, chosen: dict[str, Any]) -> Any:
        """What a certain list can be narrowed by besides."""
        return rows

    def _common(self, rows: Any) -> Any:
        chosen = self.cleaned_data
        shown = {"archived": rows.archived, "all": rows.all}.get(chosen.get("archived", ""), rows.current)
        found = shown()
        if chosen.get("tag"):
            found = found.filter(tags__name=chosen["tag"])
        return found.search(chosen["q"]) if chosen.get("q") else found
