"""Taking a customer's name out of everything. It cannot be undone, short of an old backup."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from taggit.models import Tag, TaggedItem

from customers.people.models import Customer
from customers.privacy.known import words_of
from customers.privacy.parts import parts, write
from notifications import audit

BLANK = ("company_name", "email", "phone", "street", "town", "notes", "account")


class TooLate(ValueError):
    """The customer is anonymous already."""


def anonymise(customer: Customer, at: datetime) -> None:
    """Forget who a customer was. Outages and devices stay, so that what was counted stays. Raises TooLate.

    Sources do not bring the name back: they leave a customer alone who has `anonymised_at`.
    """
    with transaction.atomic():
        for part in parts():
            if part.first:
                part.first()
        row = Customer.objects.select_for_update().get(pk=customer.pk)
        if row.anonymised_at:
            raise TooLate
        words = words_of(row)
        for part in parts():
            if part.forget:
                part.forget(row, words)
        _untag(row)
        write(
            row,
            given_name="Former",
            family_name=f"customer {row.pk}",
            anonymised_at=at,
            archived_at=row.archived_at or at,
            **dict.fromkeys(BLANK, ""),
        )
        audit.note("anonymised", about=row)


def _untag(customer: Customer) -> None:
    """Take its tags off, and forget those that nothing else carries: they may have been its name."""
    tags = list(customer.tags.values_list("pk", flat=True))
    customer.tags.clear()
    carried = TaggedItem.objects.filter(tag__in=tags).values("tag")
    Tag.objects.filter(pk__in=tags).exclude(pk__in=carried).delete()
