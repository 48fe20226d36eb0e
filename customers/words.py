"""Text search: each row keeps its words, without capitals and accents, so that one column answers."""

from __future__ import annotations

import unicodedata
from typing import Any, Self

from django.db import models
from django.db.models import Case, Q, Value, When

from customers.archive import Archive

# More words than anybody types; a pasted page must not become a query of a thousand terms.
MOST_WORDS = 8
# Letters that Unicode does not take apart into a plain one and a mark.
WHOLE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})
PHONE_SIGNS = frozenset("0123456789+-()./ ")


def folded(text: str) -> str:
    """The text as it is compared: "Núñez" and "NUNEZ" become the same, and so do "Sørensen" and "sorensen"."""
    plain = unicodedata.normalize("NFKD", text.replace("\0", ""))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold().translate(WHOLE)


def digits(text: str) -> str:
    """The digits of the text, as 0 to 9."""
    return "".join(sign for sign in text if sign in "0123456789")


def phone_number(text: str) -> str:
    """The digits to look for if the text is nothing but a phone number, else "".

    The last nine are enough, and leave open whether a country's prefix was typed or stored.
    """
    number = digits(text)
    return number[-9:] if len(number) >= 7 and PHONE_SIGNS.issuperset(text) else ""


class Kept(models.TextField):
    """A column written on every save from the property `source`, so that the database can sort and search by it."""

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        self.source = source
        super().__init__(*args, **(kwargs | {"blank": True, "default": "", "editable": False}))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """What the row says now; a migration's model has no such property and keeps what it has."""
        if hasattr(model_instance, self.source):
            setattr(model_instance, self.attname, getattr(model_instance, self.source))
        return super().pre_save(model_instance, add)


class Searched(Archive):
    """The vocabulary of rows that a text search looks through."""

    def search(self, text: str) -> Self:
        """Those that hold every word of the text somewhere."""
        return self.filter(self.holding(text))

    def best_first(self, text: str) -> Self:
        """In the order of how well they answer the text: what is meant exactly, then names that begin so."""
        plain = folded(text.strip())
        # PostgreSQL has no room for a NUL in a text, not even to look for one.
        rank = Case(
            When(self.meant(text.replace("\0", "").strip()), then=Value(0)),
            When(words__startswith=plain, then=Value(1)),
            When(words__contains=f" {plain}", then=Value(2)),
            default=Value(3),
        )
        return self.order_by(rank, "name", "pk")

    def holding(self, text: str) -> Q:
        """The condition that every word of the text is in the row."""
        found = Q()
        for word in text.split()[:MOST_WORDS]:
            found &= self.matching(word)
        return found

    def matching(self, word: str) -> Q:
        """The condition that one word is in the row; slices look in more places."""
        return Q(words__contains=folded(word))

    def meant(self, text: str) -> Q:
        """The condition that the text is this row's number, address or whole name."""
        return Q(name__iexact=text)


class Worded(models.Model):
    """A model with such a column; it says in `said` what the column holds, the name first."""

    words = Kept(source="all_words")

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with every kept column in step even where only some fields are written."""
        if fields := kwargs.get("update_fields"):
            kept = (field.name for field in self._meta.fields if isinstance(field, Kept))
            kwargs["update_fields"] = {*fields, *kept}
        super().save(*args, **kwargs)

    def said(self) -> list[str]:
        """What a search finds this row by."""
        raise NotImplementedError

    @property
    def all_words(self) -> str:
        """The whole text that a search looks through."""
        return folded(" ".join(filter(None, self.said())))
