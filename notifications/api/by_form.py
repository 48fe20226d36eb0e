"""Rows of the API that are written by the form of their page, so that there is one set of rules."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from notifications.api.resources import BIGGEST, Shown

WRITABLE_NUMBER = {"min_value": 1, "max_value": BIGGEST}


class ByForm(Shown):
    """What may be written are the fields of `form`; the serializer says only which kind of JSON each is."""

    form: ClassVar[type[forms.BaseForm]]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """The form, filled with what is given over what is there; raises ValidationError by its fields."""
        blank = self.blank()
        there = {name: blank.get_initial_for_field(field, name) for name, field in blank.fields.items()}
        values = {**(there if self.partial else self.preset(there)), **given}
        data = {name: typed(blank.fields[name], value) for name, value in values.items() if name in blank.fields}
        self.filled = self.blank(data)
        if not self.filled.is_valid():
            raise ValidationError({name: list(messages) for name, messages in self.filled.errors.items()})
        return given

    def preset(self, there: dict[str, Any]) -> dict[str, Any]:
        """What a new row begins with where nothing is given: what the form of its page begins with."""
        return there

    def blank(self, data: Any = None) -> Any:
        """The form of this row."""
        return self.form(data, **({"instance": self.instance} if self.instance else {}))

    def create(self, given: dict[str, Any]) -> Any:
        """Save by the form."""
        return self.keep()

    def update(self, row: Any, given: dict[str, Any]) -> Any:
        """Save by the form."""
        return self.keep()

    def keep(self) -> Any:
        """The saved row; resources whose changes are an action say so here."""
        return self.filled.save()


class Link(serializers.IntegerField):
    """The id of another row; null for none."""

    def __init__(self, source: str, **kwargs: Any) -> None:
        super().__init__(source=source, **({"required": False, "allow_null": True} | WRITABLE_NUMBER | kwargs))


class LinkedByForm(ByForm):
    """A row with links, which the form knows by the names of the fields."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """By the names of the form."""
        found: dict[str, Any] = super().to_internal_value(data)
        return {name.removesuffix("_id"): value for name, value in found.items()}


def typed(field: forms.Field, value: Any) -> Any:
    """A value as somebody would type it into the field, which may know better itself."""
    if value is None:
        return ""
    if hasattr(field, "typed"):
        return field.typed(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (list, tuple)) or hasattr(value, "all"):
        return ", ".join(str(one) for one in value)
    return value
