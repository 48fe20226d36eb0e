"""Forms of subscriptions: what to choose of an object's events, and what one subscription asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps

from notifications.event import Event
from notifications.models import Subscription


@dataclass(frozen=True, slots=True)
class Choice:
    """One event of a form: its check box, and the fields of what it asks."""

    box: forms.BoundField
    asks: list[forms.BoundField]

    @property
    def is_chosen(self) -> bool:
        """Is it checked, or is something wrong with it?"""
        return bool(self.box.value()) or any(field.errors for field in self.asks)


@dataclass(frozen=True, slots=True)
class Group:
    """The events of one kind of objects."""

    label: str
    choices: list[Choice]
    is_open: bool

    @property
    def chosen(self) -> int:
        """How many of them are checked."""
        return sum(choice.is_chosen for choice in self.choices)


class ChoiceForm(forms.Form):
    """A check box for each event, and what it asks; those of one kind of objects together."""

    def __init__(
        self, events: Iterable[Event], rows: Mapping[str, Subscription], notes: Mapping[str, str], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.events = list(events)
        for event in self.events:
            row = rows.get(event.key)
            self.fields[event.key] = forms.BooleanField(
                label=event.label, required=False, initial=row is not None, help_text=notes.get(event.key, "")
            )
            for ask in event.asks:
                value = row.asked.get(ask.name, ask.default) if row else ask.default
                self.fields[f"{event.key}.{ask.name}"] = ask.field(value)

    @property
    def groups(self) -> list[Group]:
        """The kinds in the order of their events; open are the first, and those of which something is chosen."""
        by_kind: dict[str, list[Choice]] = {}
        for event in self.events:
            asks = [self[f"{event.key}.{ask.name}"] for ask in event.asks]
            by_kind.setdefault(event.of, []).append(Choice(self[event.key], asks))
        return [
            Group(_plural(label), choices, number == 0 or any(choice.is_chosen for choice in choices))
            for number, (label, choices) in enumerate(by_kind.items())
        ]

    @property
    def wanted(self) -> dict[str, dict[str, Any]]:
        """The events that were checked, each with what it asks; of a valid form."""
        return {event.key: self._asked(event) for event in self.events if self.cleaned_data[event.key]}

    def _asked(self, event: Event) -> dict[str, Any]:
        found = {ask.name: self.cleaned_data[f"{event.key}.{ask.name}"] for ask in event.asks}
        return event.asked({name: value for name, value in found.items() if value is not None})


def _plural(label: str) -> str:
    words = str(apps.get_model(label)._meta.verbose_name_plural)
    return words[:1].upper() + words[1:]


class TagsField(forms.CharField):
    """Tags with commas between them, each once."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label=label, required=False, max_length=300, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A list as one text."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """One text as a list."""
        names = (" ".join(name.split()) for name in super().clean(value).split(","))
        return list({name.casefold(): name for name in names if name}.values())


class TermsForm(forms.Form):
    """What one subscription asks for, and the tags that it lets through and keeps out."""

    tags_in = TagsField(
        "Only with one of these tags",
        help_text="Tags with commas between them. They count from the object, its equipment, customer and site.",
    )
    tags_out = TagsField("With none of these tags", help_text="Tags with commas between them.")

    def __init__(self, event: Event, row: Subscription, **kwargs: Any) -> None:
        super().__init__(initial={"tags_in": row.tags_in, "tags_out": row.tags_out}, **kwargs)
        self.event = event
        asks = {f"ask_{ask.name}": ask.field(row.asked.get(ask.name, ask.default)) for ask in event.asks}
        self.fields = {**asks, **self.fields}

    @property
    def terms(self) -> dict[str, Any]:
        """What to change, of a valid form."""
        found = {ask.name: self.cleaned_data[f"ask_{ask.name}"] for ask in self.event.asks}
        asked = self.event.asked({name: value for name, value in found.items() if value is not None})
        return {"asked": asked, "tags_in": self.cleaned_data["tags_in"], "tags_out": self.cleaned_data["tags_out"]}
