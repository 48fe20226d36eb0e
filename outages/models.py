"""Checks and what they remember, outages, incidents."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from agents import ways
from customers.models import Customer, Equipment, Kind, Site
from notifications.observe import Observed, ObservedQuerySet
from outages import judging
from outages.journal import Hour as Hour
from outages.journal import Sweep as Sweep
from outages.sources.models import Source as Source
from outages.sources.models import SourceLink as SourceLink
from outages.spans import in_words

TWICE = "This equipment has that check already."


class Checks(models.QuerySet["Check"]):
    """The vocabulary of checks."""

    def looked_at(self) -> Checks:
        """Those that are switched on, of equipment that is there."""
        return self.filter(on=True, equipment__archived_at=None, equipment__address__isnull=False)


class Check(models.Model):
    """One probe on one equipment, with its interval and rule, and where its judging stands."""

    class State(models.TextChoices):
        """What the rule has decided last."""

        NEW = "new", "Never answered"
        UP = "up", "Up"
        DOWN = "down", "Down"

    equipment = models.ForeignKey(Equipment, on_delete=models.CASCADE, related_name="checks")
    probe = models.CharField(max_length=20, default="icmp")
    port = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(65535)], help_text="For TCP."
    )
    on = models.BooleanField("look", default=True)
    interval = models.PositiveIntegerField(
        "interval (s)", default=10, validators=[MinValueValidator(1), MaxValueValidator(86_400)]
    )
    count = models.PositiveSmallIntegerField(
        "readings", default=3, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    window = models.PositiveIntegerField(
        "within (s)", default=15, validators=[MinValueValidator(1), MaxValueValidator(86_400)]
    )
    state = models.CharField(max_length=10, choices=State, default=State.NEW, editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    # Epoch seconds of the readings in a row that contradict the state; empty while all is quiet.
    run = models.JSONField(default=list, editable=False)
    run_first = models.JSONField(null=True, editable=False)
    # Up, and nothing contradicts it: good readings of such a check need no look at its row.
    settled = models.BooleanField(default=False, editable=False)

    objects = Checks.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["equipment", "probe", "port"], name="check_once", violation_error_message=TWICE
            ),
            models.UniqueConstraint(
                fields=["equipment", "probe"],
                condition=Q(port=None),
                name="check_once_without_port",
                violation_error_message=TWICE,
            ),
        ]
        indexes = [models.Index(fields=["id"], name="check_unsettled", condition=Q(settled=False))]

    def __str__(self) -> str:
        return f"{self.probe} {self.port or ''}".strip()

    def get_absolute_url(self) -> str:
        """A check is shown on its equipment's page."""
        return self.equipment.get_absolute_url()

    @property
    def rule(self) -> judging.Rule:
        """The rule as judging wants it."""
        return judging.Rule(self.count, float(self.window), float(self.interval))

    def clean(self) -> None:
        """Refuse a rule that cannot work, naming both fields."""
        if self.probe not in settings.PROBES or None in (self.count, self.window, self.interval):
            return
        fault = judging.fault(self.rule, ways.reading_seconds(self.probe, self.interval))
        if fault:
            raise ValidationError({"count": fault, "window": fault})


class Incidents(ObservedQuerySet):
    """The vocabulary of incidents."""

    def open(self) -> Self:
        """Those that go on."""
        return self.filter(closed_at=None)


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

    class Meta(Observed.Meta):
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["equipment"], condition=Q(closed_at=None), name="incident_one_open_per_equipment"
            )
        ]
        indexes = [models.Index(fields=["-opened_at"], name="incident_opened")]

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
    def is_network(self) -> bool:
        """Something that many share is down, not a single home's CPE."""
        return bool(self.equipment.kind != Kind.CPE)

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
        return self.filter(Q(ended_at=None) | Q(ended_at__gte=since), started_at__lt=until)


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

    objects: ClassVar = Outages.as_manager()

    class Meta(Observed.Meta):
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["check_of"], condition=Q(ended_at=None), name="outage_one_open_per_check")
        ]
        indexes = [
            models.Index(fields=["-started_at"], name="outage_started"),
            models.Index(fields=["equipment", "-started_at"], name="outage_equipment"),
            models.Index(fields=["customer", "-started_at"], name="outage_customer"),
            models.Index(fields=["incident"], name="outage_incident"),
            models.Index(fields=["started_at"], name="outage_open", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.equipment} since {self.started_at:%F %T}"

    @property
    def lasted(self) -> str:
        """How long it went on, in words; empty while it goes on."""
        return in_words(self.started_at, self.ended_at) if self.ended_at else ""

    def get_absolute_url(self) -> str:
        """An outage's page."""
        return reverse("outage", args=[self.pk])

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
