"""Choosing one of very many: a text field that suggests while one types, and understands "name #12"."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from customers.words import Searched, folded

SUGGESTIONS = 12
SAME_START = 200
NUMBER = re.compile(r"^(.*?)\s*#([0-9]{1,18})$", re.DOTALL)


def label_of(thing: Model) -> str:
    """What the field shows for a thing that was chosen, and understands when it comes back."""
    return f"{thing} #{thing.pk}"


def suggest(request: HttpRequest, rows: Searched) -> HttpResponse:
    """The <option>s for what has been typed so far: it is the one value of the query, whatever the field's name."""
    text = " ".join(request.GET.dict().values())
    found = rows.search(text).best_first(text)[:SUGGESTIONS] if text.strip() else []
    options = [(label_of(thing), thing.detail) for thing in found]
    return render(request, "customers/suggestions.html", {"options": options})


class TypeAhead(forms.TextInput):
    """A text input with a list of suggestions that htmx fetches; without JavaScript it is a text input."""

    def __init__(self, url_name: str, attrs: dict[str, Any] | None = None) -> None:
        self.url_name = url_name
        super().__init__(attrs)

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """The input, and the empty list beside it."""
        place = f"{(attrs or {}).get('id', name)}_suggestions"
        live = {
            "list": place,
            "autocomplete": "off",
            "hx-get": reverse(self.url_name),
            "hx-trigger": "input changed delay:200ms",
            "hx-target": f"#{place}",
            "hx-sync": "this:replace",
            "hx-params": name,
        }
        return super().render(name, value, (attrs or {}) | live, renderer) + format_html(
            '<datalist id="{}"></datalist>', place
        )


class ByName(forms.CharField):
    """A field whose value is one row: found by its whole name, or by the "name #12" of a suggestion.

    Raises ValidationError for a name that nothing or that several have, and says what was perhaps meant.
    """

    def __init__(self, rows: Searched, what: str, url_name: str, **kwargs: Any) -> None:
        self.rows, self.what = rows, what
        # What the row being edited has already stays allowed, even where it is archived.
        self.kept: int | None = None
        super().__init__(widget=TypeAhead(url_name), max_length=400, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A primary key as the text that stands for it; what was typed as it was typed."""
        if isinstance(value, int):
            found = self.rows.model._default_manager.filter(pk=value).first()
            return label_of(found) if found else ""
        return label_of(value) if isinstance(value, Model) else value

    def typed(self, value: Any) -> Any:
        """A primary key as somebody would type it; anything else as it is."""
        return f"#{value}" if isinstance(value, int) else value

    def asked_for(self, pk: str) -> str:
        """What the field begins with where an address asks for a row ("?site=3"); "" if there is none."""
        found = self.rows.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 19 else None
        return label_of(found) if found else ""

    def clean(self, value: Any) -> Model | None:
        """The row that is meant; None for an empty text."""
        text = super().clean(value)
        return self._numbered(text) or self._named(text) if text else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is shown."""
        return (self.prepare_value(initial) or "") != (data or "")

    def _numbered(self, text: str) -> Model | None:
        parts = NUMBER.match(text)
        if not parts:
            return None
        name, pk = parts[1], int(parts[2])
        everything = self.rows.model._default_manager.all()
        found = (everything if pk == self.kept else self.rows).filter(pk=pk).first()
        return found if found is not None and (not name or folded(name) == folded(str(found))) else None

    def _named(self, text: str) -> Any:
        plain = folded(text)
        near = self.rows.filter(words__startswith=plain).order_by("pk")[:SAME_START]
        same = [thing for thing in near if folded(str(thing)) == plain]
        if len(same) == 1:
            return same[0]
        if same:
            raise forms.ValidationError(f"Several have this name: write {_either(same)}.", code="several")
        perhaps = list(self.rows.search(text).best_first(text)[:4])
        meant = f" Perhaps you mean {_either(perhaps)}?" if perhaps else ""
        raise forms.ValidationError(f"There is no {self.what} “{text}”.{meant}", code="unknown")


def _either(things: list[Any]) -> str:
    names = [label_of(thing) for thing in things]
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
