"""A source, how it answers at the moment, and which of our rows stand for which of its."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

from customers.models import Equipment
from notifications.audit import History
from notifications.observe import Observed, ObservedQuerySet
from notifications.sealed import SealedField
from outages.sources.polled import Polled

# Whoever works on a run says so with each list that it asks for, and a slow list may come in many pages.
STALLED_AFTER = timedelta(minutes=4)


class Sources(ObservedQuerySet):
    """The vocabulary of sources."""

    def asked(self) -> Self:
        """Those that are polled: accepted, and switched on."""
        return self.filter(on=True, accepted_at__isnull=False)

    def asked_again(self) -> Self:
        """Those of which a synchronisation was asked for since the last one began."""
        return self.filter(sync_asked_at__gt=models.F("synced_at"))

    def silent(self) -> Self:
        """Those with a fault of which staff were told."""
        return self.filter(state=Source.State.FAULTY, told_at__isnull=False)

    def hinted_by(self, token: str) -> Self:
        """The one whose address for hints has this token."""
        return self.filter(hint_hash=token_hash(token))


def token_hash(token: str) -> str:
    """What a token is found by."""
    return hashlib.sha256(token.encode()).hexdigest()


class Source(Polled, Observed):
    """A configured upstream. It is only ever read."""

    class Kind(models.TextChoices):
        """Which API it speaks."""

        UISP = "uisp", "UISP"

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
    # What answered from here when it was accepted is pinged besides.
    ping = models.BooleanField(default=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Nothing of ours follows it before somebody has seen the preview and said yes.
    accepted_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    synced_at = models.DateTimeField(null=True, editable=False)
    # What the last synchronisation found and did, for its page.
    sync_report = models.JSONField(default=dict, editable=False)
    # The next one takes for gone what is missing, however much: somebody has said so.
    believe = models.BooleanField(default=False, editable=False)
    # Asked for while one was under way: it saw a part of the lists before whatever the asker has heard of.
    sync_asked_at = models.DateTimeField(null=True, editable=False)
    # Where UISP may post that something has changed; found by its hash, and shown to who may change sources.
    hint_token = SealedField(blank=True, editable=False)
    hint_hash = models.CharField(max_length=64, unique=True, editable=False)
    hinted_at = models.DateTimeField(null=True, editable=False)
    hints = models.JSONField(default=list, editable=False)

    objects: ClassVar = Sources.as_manager()
    history = History("kind", "name", "address", "verify_tls", "interval", "count", "on", "accepted_at")

    class Meta(Observed.Meta):
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new source gets its token for hints."""
        if not self.hint_hash:
            self.renew_token()
        super().save(*args, **kwargs)

    def renew_token(self) -> None:
        """Another token for hints, not saved yet: the address with the old one leads nowhere from then on."""
        self.hint_token = secrets.token_urlsafe(24)
        self.hint_hash = token_hash(self.hint_token)

    def get_absolute_url(self) -> str:
        """The source's page."""
        return reverse("source", args=[self.pk])

    @property
    def window(self) -> int:
        """Seconds within which so many polls in a row decide: a bulk source counts its own polls."""
        return int(self.interval * self.count)

    def scopes(self) -> list[tuple[str, int | None]]:
        """A source belongs to nothing else."""
        return []


# What says how equipment is: of several links of one piece the first of these speaks.
TELLING = ("device", "service", "connection")


class SourceLinks(models.QuerySet["SourceLink"]):
    """The vocabulary of links."""

    def followed(self, equipment: Any) -> Self:
        """Those by which an accepted source says how this equipment is (a pk, or an expression for it)."""
        kind = ContentType.objects.get_for_model(Equipment)
        telling = self.filter(object_type=kind, object_id=equipment, kind__in=TELLING, gone_at=None)
        return telling.filter(source__accepted_at__isnull=False)


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
        # A client that has neither a device nor a service upstream: its own outage flag is all there is to read.
        CONNECTION = "connection", "Connection"

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
    # Somebody has said that it is none of them.
    as_new = models.BooleanField(default=False)
    gone_at = models.DateTimeField(null=True)

    objects = SourceLinks.as_manager()

    class Meta:
        ordering = ["kind", "label", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "remote_id"], name="source_link_once"),
        ]
        indexes = [models.Index(fields=["object_type", "object_id"], name="source_link_object")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.label or self.remote_id}"


class SourceRun(models.Model):
    """A look at a source, or a synchronisation with it: how far it is, and what came of it. The last of each is kept.

    It is also the claim: whoever works on it has its `turn`, and stops when somebody else has the next one.
    """

    class Sort(models.TextChoices):
        """What is done."""

        PREVIEW = "preview", "Preview"
        SYNC = "sync", "Synchronisation"

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "Waiting to begin"
        WORKING = "working", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    sort = models.CharField(max_length=10, choices=Sort)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    step = models.CharField(max_length=120, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    said = models.CharField(max_length=300, blank=True)
    # Of a preview: what would come of it, and the ids of the devices that answered from here.
    found = models.JSONField(default=dict)
    answered = models.JSONField(default=list)
    turn = models.PositiveIntegerField(default=0)
    moved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["source", "sort"]
        constraints = [models.UniqueConstraint(fields=["source", "sort"], name="source_run_once")]

    def __str__(self) -> str:
        return f"{self.get_sort_display()} of {self.source}"

    @property
    def stalled(self) -> bool:
        """Has the work on it stopped without a word?"""
        return self.state in (self.State.WAITING, self.State.WORKING) and timezone.now() - self.moved_at > STALLED_AFTER

    @property
    def works(self) -> bool:
        """Is it waited for, or worked on?"""
        return self.state in (self.State.WAITING, self.State.WORKING) and not self.stalled
