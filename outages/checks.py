"""Checks: one way of looking at one piece of equipment, and what they remember."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q

from agents import ways
from customers.models import Equipment
from notifications.audit import History
from outages import judging
from outages.sources.models import SourceLink

TWICE = "This equipment has that check already."


class Checks(models.QuerySet["Check"]):
    """The vocabulary of checks."""

    def looked_at(self) -> Checks:
        """Those that are switched on, of equipment that is there: with an address, or followed at a source.

        A source that is switched off for a while counts as well: what it has said last stands until it is asked again.
        """
        addressed = Q(equipment__address__isnull=False) & ~Q(probe__in=ways.of_sources())
        followed = Q(probe__in=ways.of_sources()) & Exists(SourceLink.objects.followed(OuterRef("equipment")))
        return self.filter(addressed | followed, on=True, equipment__archived_at=None)

    def by_address(self) -> Checks:
        """Those that ask the equipment itself."""
        return self.exclude(probe__in=ways.of_sources())

    def doubted(self) -> Checks:
        """Those by which a source speaks of equipment that answers when it is asked itself."""
        itself = Check.objects.by_address().filter(equipment=OuterRef("equipment"), on=True, state=Check.State.UP)
        return self.filter(Exists(itself), probe__in=ways.of_sources())

    def in_triage(self) -> Checks:
        """Those that did not answer when they were first seen, and never have since."""
        there = self.filter(on=True, equipment__archived_at=None)
        return there.filter(state=Check.State.NEW, dark_since__isnull=False)


class Check(models.Model):
    """One probe on one equipment, with its interval and rule, and where its judging stands."""

    class State(models.TextChoices):
        """What the rule has decided last."""

        NEW = "new", "Never answered"
        UP = "up", "Up"
        DOWN = "down", "Down"

    class Sorted(models.TextChoices):
        """Why something that never answered does not."""

        NOT_YET = "", "To sort"
        BROKEN = "broken", "Broken"
        ABANDONED = "abandoned", "Abandoned"
        SEASONAL = "seasonal", "Seasonal"

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

    # It did not answer when it was first seen, since when and why; staff sort what that means.
    dark_since = models.DateTimeField(null=True, editable=False)
    dark_message = models.CharField(max_length=200, blank=True, editable=False)
    sorted_as = models.CharField(max_length=10, choices=Sorted, blank=True, editable=False)

    objects = Checks.as_manager()
    history = History("equipment", "probe", "port", "on", "interval", "count", "window", said="outages.said.check")

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
        indexes = [
            models.Index(fields=["id"], name="check_unsettled", condition=Q(settled=False)),
            models.Index(fields=["-dark_since"], name="check_dark", condition=Q(dark_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.probe} {self.port or ''}".strip()

    def get_absolute_url(self) -> str:
        """A check is shown on its equipment's page."""
        return self.equipment.get_absolute_url()

    @property
    def of_source(self) -> bool:
        """Is it the source that is asked, and not the equipment's own address?"""
        return self.probe in ways.of_sources()

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
