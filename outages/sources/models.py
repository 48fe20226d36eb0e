"""A source, how it answers at the moment, and which of our rows stand for which of its."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

from notifications.observe import Observed, ObservedQuerySet
from notifications.sealed import SealedField


class Sources(ObservedQuerySet):
    """The vocabulary of sources."""

    def asked(self) -> Self:
        """Those that are polled: accepted, and switched on."""
        return self.filter(on=True, accepted_at__isnull=False)


class Source(Observed):
    """A configured upstream. It is only ever read."""

    class Kind(models.TextChoices):
        """Which API it speaks."""

        UISP = "uisp", "UISP"

    class State(models.TextChoices):
        """How it answers."""

        NEW = "new", "Not asked yet"
        WORKS = "works", "Answers"
        FAULTY = "faulty", "Does not answer"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.UISP)
    name = models.CharField(max_length=80, unique=True)
    address = models.CharField(max_length=300, help_text="As https://uisp.example.net, without a path.")
    nms_key = SealedField("NMS key", blank=True)
    crm_key = SealedField("CRM key", blank=True)
    verify_tls = models.BooleanField("check the certificate", default=True)
    interval = models.PositiveIntegerField(
        "ask every (s)", default=30, validators=[MinValueValidator(5), MaxValueValidator(3600)]
    )
    count = models.PositiveSmallIntegerField(
        "polls in a row that say so", default=3, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    on = models.BooleanField("ask it", default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Nothing of ours follows it before somebody has seen the preview and said yes.
    accepted_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.NEW, editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    fault_kind = models.CharField(max_length=20, blank=True, editable=False)
    fault = models.CharField(max_length=300, blank=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)
    # It asked to be left alone until then (Retry-After).
    not_before = models.DateTimeField(null=True, editable=False)
    synced_at = models.DateTimeField(null=True, editable=False)
    # What the last synchronisation found and did, for its page.
    sync_report = models.JSONField(default=dict, editable=False)

    objects: ClassVar = Sources.as_manager()

    class Meta(Observed.Meta):
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The source's page."""
        return reverse("source", args=[self.pk])

    @property
    def since(self) -> datetime | None:
        """Since when it has been as it is."""
        return self.state_since

    def scopes(self) -> list[tuple[str, int | None]]:
        """A source belongs to nothing else."""
        return []


class SourceLink(models.Model):
    """One row of a source, and the row of ours that stands for it; none yet where it is not clear which that is.

    `last` holds, by the names of our fields, what was written at the last synchronisation: a field is written again
    only while it still holds that, so that what staff have corrected stays.
    """

    class Kind(models.TextChoices):
        """What it is upstream."""

        SITE = "site", "Site"
        DEVICE = "device", "Device"
        CLIENT = "client", "Client"
        SERVICE = "service", "Service"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=10, choices=Kind)
    remote_id = models.CharField(max_length=80)
    label = models.CharField(max_length=200, blank=True)
    object_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, null=True, related_name="+")
    object_id = models.PositiveBigIntegerField(null=True)
    thing = GenericForeignKey("object_type", "object_id")
    last = models.JSONField(default=dict)
    # Our rows that it may be, where more than one has its MAC or address: somebody has to choose.
    candidates = models.JSONField(default=list)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["kind", "label", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "remote_id"], name="source_link_once"),
        ]
        indexes = [models.Index(fields=["object_type", "object_id"], name="source_link_object")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.label or self.remote_id}"
