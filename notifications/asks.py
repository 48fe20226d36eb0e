"""What a subscriber may choose of an event: each kind brings its form field, its check and its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


@dataclass(frozen=True, slots=True)
class Ask:
    """A whole number that a subscriber may choose, and its value where nobody chose."""

    name: str
    label: str
    default: Any
    minimum: int = 0
    maximum: int = 100_000

    def field(self, value: Any) -> forms.Field:
        """The field of a form; left empty it means the default."""
        return forms.IntegerField(
            label=self.label, initial=value, min_value=self.minimum, max_value=self.maximum, required=False
        )

    def words(self, value: Any) -> str:
        """A chosen value in words."""
        return str(value)


class NumbersField(forms.CharField):
    """Whole numbers with commas between them, each once, the largest first."""

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(max_length=100, **kwargs)
        self.minimum, self.maximum = minimum, maximum

    def prepare_value(self, value: Any) -> Any:
        """A list as one text."""
        return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value

    def clean(self, value: Any) -> Any:
        """One text as a list; None for an empty one."""
        parts = [part.strip() for part in super().clean(value).split(",") if part.strip()]
        if any(not part.isdecimal() or not self.minimum <= int(part) <= self.maximum for part in parts):
            raise ValidationError(f"Whole numbers from {self.minimum} to {self.maximum}, with commas between them.")
        return sorted({int(part) for part in parts}, reverse=True) or None


@dataclass(frozen=True, slots=True)
class AskSeveral(Ask):
    """Several whole numbers: lead times."""

    def field(self, value: Any) -> forms.Field:
        """The field of a form; left empty it means the default."""
        return NumbersField(self.minimum, self.maximum, label=self.label, initial=value, required=False)

    def words(self, value: Any) -> str:
        """The numbers with commas between them."""
        return ", ".join(map(str, value))


@dataclass(frozen=True, slots=True)
class AskText(Ask):
    """A short text, such as a tag; an empty one lets everything through."""

    def field(self, value: Any) -> forms.Field:
        """The field of a form."""
        return forms.CharField(label=self.label, initial=value, max_length=100, required=False)

    def words(self, value: Any) -> str:
        """The text, or that it does not matter."""
        return str(value) or "any"
