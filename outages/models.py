"""Outages and incidents; the index of this floor's models."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer, Equipment, Kind, Site
from notifications.observe import Observed, ObservedQuerySet
from outages.checks import TWICE as TWICE
from outages.checks import Check as Check
from outages.checks import Checks as Checks
from outages.journal import Hour as Hour
from outages.journal import Sweep as Sweep
from outages.sources.models import Source as Source
from outages.sources.models import SourceLink as SourceLink
from outages.sources.models import SourceRun as SourceRun
from outages.spans import in_words

# What is typed means a few things; of a word that thousands have, the outages of these are enough.
MEANT = 400


def _first(rows: models.QuerySet) -> list[int]:
    """The keys of the first rows: as a list, so that the database sees how few they are, and goes by them."""
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MEANT])


class Incidents(ObservedQuerySet):
    """The vocabulary of incidents."""

    def open(self) -> Self:
        """Those that go on."""
        return self.filter(closed_at=None)

    def search(self, text: str) -> Self:
        """Those whose cause a search for the text finds among the equipment, the first few hundred of it."""
        return self.filter(equipment__in=_first(Equipment.objects.search(text)))


class Incident(Observed):
    """One cause, and the outages behind it."""

    class State(models.TextChoices):
        """How far the work on it is."""

        NEW = "new", "New"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        WORKING = "working", "Working"
        RESOLVED = "resolved", "Resolved"

    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="incidents")
    state = models.CharField(max_length=15, choices=State, default=State.NEW)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    # The part of the network that the cause takes away, as the uplinks stood when it opened.
    customers_behind = models.PositiveIntegerField(default=0)
    sites_behind = models.PositiveIntegerField(default=0)
    joined = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="absorbed")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents"
    )
    expected_at = models.DateTimeField("expected back", null=True, blank=True)
    sentence = models.CharField(
        "for callers", max_length=200, blank=True, help_text="One sentence that may be read to a customer."
    )
    changed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = Incidents.as_manager()
    found_by: ClassVar = {
        "customers.Equipment": "equipment",
        "customers.Customer": "equipment__customer",
        "customers.Site": "equipment__site",
    }

    class Meta(Observed.Meta):
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["equipment"], condition=Q(closed_at=None), name="incident_one_open_per_equipment"
            )
        ]
        indexes = [
            models.Index(fields=["opened_at", "id"], name="incident_opened"),
            models.Index(fields=["closed_at"], name="incident_closed"),
            models.Index(fields=["customers_behind", "id"], name="incident_customers"),
            models.Index(fields=["state", "id"], name="incident_state"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The incident's page."""
        return reverse("incident", args=[self.pk])

    @property
    def title(self) -> str:
        """What is down, and whom it hurts, in one line."""
        return f"{self.equipment.name} is down{self.hurts}"

    @property
    def hurts(self) -> str:
        """The customers behind it in words; empty where there are none."""
        if not self.customers_behind:
            return ""
        return f": {self.customers_behind} customer{'s' if self.customers_behind > 1 else ''}"

    @property
    def lasted(self) -> str:
        """How long it went on, in words; empty while it goes on."""
        return in_words(self.opened_at, self.closed_at) if self.closed_at else ""

    @property
    def so_far(self) -> str:
        """How long it has gone on by now, in words."""
        return in_words(self.opened_at, self.closed_at or timezone.now())

    @property
    def news(self) -> str:
        """How the work on it stands, in words."""
        parts = [self.get_state_display().lower()]
        if self.owner:
            parts.append(f"by {self.owner}")
        if self.expected_at:
            parts.append(f"expected back {timezone.localtime(self.expected_at):%a %H:%M}")
        if self.sentence:
            parts.append(f"“{self.sentence}”")
        return ", ".join(parts)

    @property
    def is_over(self) -> bool:
        """Need nobody be called for it any more?"""
        return self.closed_at is not None

    @property
    def is_network(self) -> bool:
        """Something that many share is down, not a single home's CPE."""
        return bool(self.equipment.kind != Kind.CPE)

    def involved(self) -> list[Any]:
        """Who has taken it on, and who wrote notes on it."""
        writers = [note.by for note in self.notes.exclude(by=None).select_related("by")]
        return list(dict.fromkeys(filter(None, [self.owner, *writers])))

    def scopes(self) -> list[tuple[str, int | None]]:
        """An incident belongs to its equipment, and to that one's customer and site."""
        return [("customers.Equipment", self.equipment_id), *self.equipment.scopes()]


class Outages(ObservedQuerySet):
    """The vocabulary of outages."""

    def open(self) -> Self:
        """Those that go on."""
        return self.filter(ended_at=None)

    def between(self, since: datetime, until: datetime) -> Self:
        """Those that touch a span of time."""
        return self.since(since).filter(started_at__lt=until)

    def since(self, since: datetime) -> Self:
        """Those that go on, or ended after a time."""
        return self.filter(Q(ended_at=None) | Q(ended_at__gte=since))

    def once(self) -> Self:
        """Of those of one equipment that overlap one alone: what goes on before what is over, then what began first.

        What is asked itself and spoken of by a source has an outage by each, and is out once for whoever reads it.
        """
        others = Outage.objects.order_by().filter(equipment=OuterRef("equipment")).exclude(pk=OuterRef("pk"))
        before = Q(started_at__lt=OuterRef("started_at")) | Q(started_at=OuterRef("started_at"), pk__lt=OuterRef("pk"))
        goes_on = others.filter(before | Q(started_at__lte=OuterRef("ended_at")), ended_at=None)
        over = others.filter(before, ended_at__gte=OuterRef("started_at"))
        return self.exclude(Q(Exists(goes_on)) | Q(Exists(over), ended_at__isnull=False))

    def search(self, text: str) -> Self:
        """Those of the equipment and the customers that a search for the text finds, the first few hundred of each."""
        return self.filter(
            Q(equipment__in=_first(Equipment.objects.search(text)))
            | Q(customer__in=_first(Customer.objects.search(text)))
        )


class Outage(Observed):
    """One equipment out, from its first bad reading to its first good one, both kept as they came."""

    check_of = models.ForeignKey(Check, on_delete=models.SET_NULL, null=True, related_name="outages")
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="outages")
    # As they were at the opening, wherever the equipment moves later.
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="outages")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="outages")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, related_name="outages")
    started_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    opened_by = models.JSONField()
    closed_by = models.JSONField(null=True)
    # While it is being closed: is its equipment out by another check still?
    stays_out = False

    objects: ClassVar = Outages.as_manager()
    found_by: ClassVar = {
        "customers.Equipment": "equipment",
        "customers.Customer": "customer",
        "customers.Site": "site",
    }

    class Meta(Observed.Meta):
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["check_of"], condition=Q(ended_at=None), name="outage_one_open_per_check")
        ]
        indexes = [
            models.Index(fields=["started_at", "id"], name="outage_started"),
            models.Index(fields=["ended_at", "id"], name="outage_ended"),
            models.Index(fields=["equipment", "started_at", "id"], name="outage_equipment"),
            models.Index(fields=["customer", "started_at", "id"], name="outage_customer"),
            models.Index(fields=["site", "started_at", "id"], name="outage_site"),
            models.Index(fields=["incident"], name="outage_incident"),
            models.Index(fields=["started_at"], name="outage_open", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.equipment} since {self.started_at:%F %T}"

    @property
    def lasted(self) -> str:
        """How long it went on, in words; empty while it goes on."""
        return in_words(self.started_at, self.ended_at) if self.ended_at else ""

    @property
    def so_far(self) -> str:
        """How long it has gone on by now, in words."""
        return in_words(self.started_at, self.ended_at or timezone.now())

    @property
    def is_over(self) -> bool:
        """Need nobody be called for it any more?"""
        return self.ended_at is not None

    @property
    def part_of(self) -> tuple[str, int] | None:
        """The whole that it is told with: its incident."""
        return ("outages.Incident", self.incident_id) if self.incident_id else None

    def get_absolute_url(self) -> str:
        """An outage's page."""
        return reverse("outage", args=[self.pk])

    def involved(self) -> list[Any]:
        """Who has to do with its incident."""
        return self.incident.involved() if self.incident else []

    def scopes(self) -> list[tuple[str, int | None]]:
        """An outage belongs to its equipment, customer and site."""
        return [
            ("customers.Equipment", self.equipment_id),
            ("customers.Customer", self.customer_id),
            ("customers.Site", self.site_id),
        ]


class IncidentNote(models.Model):
    """A line of an incident's timeline: what somebody did or said, or what the judging found."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notes")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text
