"""The forms of a file and of its rows: rows are checked by the forms that staff fill in, without a query for each.

What needs the other rows (an account number, a MAC or an address that belongs to one only; rings) is judged for the
whole file at once, in `agreement`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.forms.models import construct_instance

from customers.equipment.forms import EquipmentForm
from customers.fields import WholeForm
from customers.imports.kinds import CONTACTS, CUSTOMERS, EQUIPMENT, SITES
from customers.imports.known import Entry, Known
from customers.imports.sheets import MOST_ROWS
from customers.people.forms import ContactForm, CustomerForm, SiteForm

MOST_BYTES = 10 * 1024 * 1024
YES = ("yes", "y", "true", "1", "x", "on")
NO = ("no", "n", "false", "0", "", "off")


class Upload(forms.Form):
    """A CSV."""

    file = forms.FileField(label="CSV file", help_text=f"At most 10 MB and {MOST_ROWS:,} rows.", allow_empty_file=True)

    def clean_file(self) -> UploadedFile:
        """Refuse what is too large to be looked through."""
        found: UploadedFile = self.cleaned_data["file"]
        if (found.size or 0) > MOST_BYTES:
            raise ValidationError("The file has more than 10 MB: split it.")
        return found


class Pointer(forms.CharField):
    """A cell that names another row; its value is what is known of that row."""

    def __init__(self, known: Known, of: forms.Field) -> None:
        super().__init__(required=of.required, max_length=400, label=of.label)
        self.known = known
        self.kept: int | None = None

    def clean(self, value: Any) -> Entry | None:
        """The row that is meant."""
        return self.known.find(str(super().clean(value)), self.kept)


class YesNo(forms.BooleanField):
    """Yes or no, in words."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> bool:
        """True for yes; raises ValidationError for what is neither."""
        said = str(value or "").strip().casefold()
        if said not in (*YES, *NO):
            raise ValidationError("Write yes or no.")
        return said in YES


class Named(forms.CharField):
    """A choice by its label or its value, in capitals or not."""

    def __init__(self, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.values = {str(name).casefold(): value for value, label in choices for name in (value, label) if value}
        self.either = ", ".join(str(label) for value, label in choices if value)

    def to_python(self, value: Any) -> str:
        """The value."""
        said = str(value or "").strip().casefold()
        if said not in self.values:
            raise ValidationError(f"Write one of: {self.either}.")
        return self.values[said]


class Degrees(forms.FloatField):
    """Degrees; a comma may stand for the point."""

    def to_python(self, value: Any) -> Any:
        """The number."""
        return super().to_python(str(value or "").replace(",", "."))


class OfRow(WholeForm):
    """What makes a form of staff one that looks at row after row."""

    def __init__(self, pointed: Mapping[str, Known]) -> None:
        super().__init__({})
        for name, known in pointed.items():
            if name in self.fields:
                self.fields[name] = Pointer(known, self.fields[name])
        for name, field in list(self.fields.items()):
            if isinstance(field, forms.ChoiceField):
                self.fields[name] = Named(list(field.choices), label=field.label)  # type: ignore[arg-type]
            elif isinstance(field, forms.BooleanField):
                self.fields[name] = YesNo(required=False, label=field.label)
            elif isinstance(field, forms.FloatField):
                self.fields[name] = Degrees(required=False, label=field.label)

    def look_at(self: Any, thing: Any, cells: Mapping[str, str]) -> Any:
        """Put the cells into the thing, unsaved; what is wrong with them, by field."""
        self.instance, self.data = thing, cells
        for name, field in self.fields.items():
            if isinstance(field, Pointer):
                field.kept = getattr(thing, f"{name}_id")
        self.full_clean()
        return self._errors

    def _post_clean(self: Any) -> None:
        for name, field in self.fields.items():
            if isinstance(field, Pointer) and name in self.cleaned_data:
                self.point(name, self.cleaned_data.pop(name))
        construct_instance(self, self.instance, self._meta.fields)
        pointers = {name for name, field in self.fields.items() if isinstance(field, Pointer)}
        try:
            self.instance.clean_fields(exclude=self._get_validation_exclusions() | pointers)
        except ValidationError as wrong:
            self._update_errors(wrong)

    def point(self: Any, name: str, entry: Entry | None) -> None:
        """Let the thing point to another; what is still to be made is pointed to by minus its line."""
        setattr(self.instance, f"{name}_id", entry.pk if entry else None)


class CustomerRow(OfRow, CustomerForm):
    """A customer in a file."""

    def clean_account(self) -> str:
        """Whose else it is, the whole file says."""
        return str(self.cleaned_data["account"])


class ContactRow(OfRow, ContactForm):
    """A contact in a file; its customer is what it is recognised by, and is set already."""


class SiteRow(OfRow, SiteForm):
    """A site in a file."""


class EquipmentRow(OfRow, EquipmentForm):
    """A device in a file."""

    def _only_here(self, name: str) -> str | None:
        value: str | None = self.cleaned_data[name]
        return value


ROWS: dict[str, Any] = {
    CUSTOMERS.key: CustomerRow,
    CONTACTS.key: ContactRow,
    SITES.key: SiteRow,
    EQUIPMENT.key: EquipmentRow,
}
