"""Customers, their contacts, and sites."""

from __future__ import annotations

from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from taggit.managers import TaggableManager

from customers.archive import Archived
from customers.words import Kept, Searched, Worded, digits, folded, phone_number
from notifications.observe import Observed, ObservedQuerySet
from notifications.tags import ObservedTags


class Customers(Searched):
    """The vocabulary of customers."""

    def in_outage(self) -> Self:
        """Those that are without service."""
        return self.filter(state=Customer.State.DOWN)

    def holding(self, text: str) -> Q:
        """Every word is the customer's or a contact's, or the text is the phone number of one of them."""
        number = phone_number(text)
        if not number:
            return super().holding(text)
        return super().holding(text) | Q(phone_digits__endswith=number) | self._has_contact(words__contains=number)

    def matching(self, word: str) -> Q:
        """A word of the customer or of a contact; a part of a phone number however it was written."""
        found = super().matching(word) | self._has_contact(words__contains=folded(word))
        return found | Q(phone_digits__contains=digits(word)) if len(digits(word)) >= 3 else found

    def meant(self, text: str) -> Q:
        """The account number, the phone number or the whole name."""
        found = super().meant(text) | Q(account__iexact=text) | Q(company_name__iexact=text)
        return found | Q(phone_digits__endswith=phone_number(text)) if phone_number(text) else found

    def _has_contact(self, **match: str) -> Q:
        return Q(pk__in=Contact.objects.filter(**match).values("customer"))


class Customer(Archived, Worded, Observed):
    """Whom we serve: a person, or a company that shows its own name with that of its contact."""

    class State(models.TextChoices):
        """Is the customer served? Written by recording, floor 3, so that lists can be filtered by it."""

        UNKNOWN = "unknown", "Unknown"
        UP = "up", "Up"
        DOWN = "down", "Down"

    given_name = models.CharField(max_length=80, blank=True)
    family_name = models.CharField(max_length=80, blank=True)
    company_name = models.CharField(max_length=160, blank=True)
    # What lists show and sort by: "Dean Irvine Ltd (Dean Irvine)".
    name = Kept(source="shown_name")
    account = models.CharField("account number", max_length=40, blank=True, db_index=True)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=40, blank=True)
    phone_digits = Kept(source="number")
    street = models.CharField(max_length=200, blank=True)
    town = models.CharField(max_length=100, blank=True)
    notes = models.TextField(blank=True)
    suspended = models.BooleanField(default=False, help_text="Cut off on purpose: never counted as an outage.")
    state = models.CharField(max_length=10, choices=State, default=State.UNKNOWN, editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    # The name was taken out of everything: no source may bring it back.
    anonymised_at = models.DateTimeField(null=True, editable=False)
    tags = TaggableManager(blank=True, manager=ObservedTags)

    objects: ClassVar = Customers.as_manager()

    class Meta(Observed.Meta):
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["state"], name="customer_state"),
            models.Index(fields=["name", "id"], name="customer_current", condition=Q(archived_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(given_name="", family_name="", company_name=""),
                name="customer_has_a_name",
                violation_error_message="A customer needs a name: of a person, or of a company.",
            )
        ]

    def __str__(self) -> str:
        return self.shown_name

    def get_absolute_url(self) -> str:
        """The customer's page."""
        return reverse("customer", args=[self.pk])

    @property
    def person(self) -> str:
        """The name of the person; empty for a company without a contact's name."""
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def shown_name(self) -> str:
        """The company's name with the person's behind it, or the person's."""
        if self.company_name and self.person:
            return f"{self.company_name} ({self.person})"
        return self.company_name or self.person

    @property
    def number(self) -> str:
        """The digits of the phone number."""
        return digits(self.phone)

    @property
    def is_company(self) -> bool:
        """A company, not a person."""
        return bool(self.company_name)

    @property
    def detail(self) -> str:
        """What tells this customer from another of the same name."""
        return " · ".join(filter(None, [self.account, self.street, self.town, self.phone]))

    def said(self) -> list[str]:
        """A customer is found by name, account, e-mail, phone number and address."""
        return [self.shown_name, self.account, self.email, self.number, self.street, self.town]

    def scopes(self) -> list[tuple[str, int | None]]:
        """What a subscription may be about, beside the customer itself."""
        return []


class Contact(Worded, Observed):
    """Somebody to talk to at a customer."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=160)
    duty = models.CharField("what they do", max_length=80, blank=True)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=40, blank=True)

    objects: ClassVar = ObservedQuerySet.as_manager()

    class Meta(Observed.Meta):
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """A contact is shown on the customer's page."""
        return reverse("customer", args=[self.customer_id])

    def said(self) -> list[str]:
        """A contact is found by name, e-mail and phone number."""
        return [self.name, self.email, digits(self.phone)]

    def scopes(self) -> list[tuple[str, int | None]]:
        """A contact belongs to its customer."""
        return [("customers.Customer", self.customer_id)]


class Sites(Searched):
    """The vocabulary of sites."""

    def network(self) -> Self:
        """Our own, not a customer's premises."""
        return self.exclude(kind=Site.Kind.PREMISES)


class Site(Archived, Worded, Observed):
    """A place: a tower or POP of ours, or a customer's premises."""

    class Kind(models.TextChoices):
        """What stands there."""

        TOWER = "tower", "Tower"
        POP = "pop", "POP"
        PREMISES = "premises", "Premises"

    name = models.CharField(
        max_length=120, unique=True, error_messages={"unique": "Another site has this name, perhaps an archived one."}
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TOWER)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="sites")
    street = models.CharField(max_length=200, blank=True)
    town = models.CharField(max_length=100, blank=True)
    latitude = models.FloatField(null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)])
    longitude = models.FloatField(null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)])
    notes = models.TextField("access notes", blank=True)
    tags = TaggableManager(blank=True, manager=ObservedTags)

    objects: ClassVar = Sites.as_manager()
    found_by: ClassVar = {"customers.Customer": "customer"}

    class Meta(Observed.Meta):
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The site's page."""
        return reverse("site", args=[self.pk])

    @property
    def detail(self) -> str:
        """What kind of place it is, and where."""
        return " · ".join(filter(None, [self.get_kind_display(), self.street, self.town]))

    def said(self) -> list[str]:
        """A site is found by name and address."""
        return [self.name, self.street, self.town]

    def scopes(self) -> list[tuple[str, int | None]]:
        """A customer's premises belong to the customer."""
        return [("customers.Customer", self.customer_id)]
