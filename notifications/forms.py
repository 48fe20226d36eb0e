"""Forms of several subscriptions at once: the menu of an object, and the list of what somebody hears of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps

from notifications.event import Event, declared
from notifications.models import Subscription
from notifications.terms import Reach, TermsForm


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of one subscription."""

    where: str
    field: forms.BoundField
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One event of a menu: its check box, and its terms."""

    event: Event
    box: forms.BoundField
    terms: TermsForm

    @property
    def is_chosen(self) -> bool:
        """Is it checked?"""
        return bool(self.box.value())


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
    """A check box for each event, and its terms; those of one kind of objects together."""

    def __init__(
        self,
        events: Iterable[Event],
        rows: Mapping[str, Subscription],
        notes: Mapping[str, str],
        reach: Reach,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.events = list(events)
        data = kwargs.get("data")
        for event in self.events:
            self.fields[event.key] = forms.BooleanField(
                label=event.label, required=False, initial=event.key in rows, help_text=notes.get(event.key, "")
            )
        self.choices = [
            Choice(event, self[event.key], TermsForm(event, rows.get(event.key), reach, data=data, prefix=event.key))
            for event in self.events
        ]

    @property
    def groups(self) -> list[Group]:
        """The kinds in the order of their events; open are the first, and those of which something is chosen."""
        by_kind: dict[str, list[Choice]] = {}
        for choice in self.choices:
            by_kind.setdefault(choice.event.of, []).append(choice)
        return [
            Group(plural(label), choices, number == 0 or any(choice.is_chosen for choice in choices))
            for number, (label, choices) in enumerate(by_kind.items())
        ]

    @property
    def chosen(self) -> list[Choice]:
        """The events that were checked."""
        return [choice for choice in self.choices if choice.is_chosen]

    def is_valid(self) -> bool:
        """Are the terms of what was checked in order? What is not checked does not matter."""
        return super().is_valid() and not self.faults

    @property
    def faults(self) -> list[Fault]:
        """What has to be put right, event by event."""
        return [fault for choice in self.chosen for fault in _faults(choice.event.label, choice.terms)]

    @property
    def wanted(self) -> dict[str, dict[str, Any]]:
        """The events that were checked, each with its terms; of a valid form."""
        return {choice.event.key: choice.terms.terms for choice in self.chosen}


class ListForm:
    """The terms of many subscriptions in one form, saved together."""

    def __init__(self, rows: Iterable[Subscription], reach: Reach, data: Any = None) -> None:
        self.forms = [
            TermsForm(declared()[row.event], row, reach, data=data, prefix=prefix_of(row))
            for row in rows
            # One that was added since the page was made has no fields in what was sent.
            if data is None or any(name.startswith(f"{prefix_of(row)}.") for name in data)
        ]
        self.by_row = {form.row.pk: form for form in self.forms if form.row}

    def is_valid(self) -> bool:
        """Are all of them in order?"""
        return bool(self.forms) and all(form.is_bound for form in self.forms) and not self.faults

    @property
    def faults(self) -> list[Fault]:
        """What has to be put right, row by row."""
        return [fault for form in self.forms for fault in _faults(_called(form), form)]

    @property
    def wanted(self) -> list[tuple[Subscription, dict[str, Any]]]:
        """Each subscription with its terms; of a valid form."""
        return [(form.row, form.terms) for form in self.forms if form.row]


def prefix_of(row: Subscription) -> str:
    """What the fields of a row begin with in the list."""
    return f"row-{row.pk}"


def _called(form: TermsForm) -> str:
    about = form.row.about if form.row else None
    return f"{form.event.label}: {about}" if about else form.event.label


def _faults(where: str, form: TermsForm) -> Iterator[Fault]:
    for name, texts in form.errors.items():
        yield from (Fault(where, form[name], str(text)) for text in texts)


def plural(label: str) -> str:
    """The kind of objects named by an "app.Model" label, in words: "Pieces of equipment"."""
    words = str(apps.get_model(label)._meta.verbose_name_plural)
    return words[:1].upper() + words[1:]
