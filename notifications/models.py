"""The outbox (a Notice to one recipient, its Deliveries, their Attempts), and the index of this floor's models."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.urls import reverse

from notifications.address import Address as Address
from notifications.address import CodeSent as CodeSent
from notifications.address import PushKey as PushKey
from notifications.address import Reach
from notifications.audit import Act as Act
from notifications.changes import InterestChange as InterestChange
from notifications.duplicates import Duplicates as Duplicates
from notifications.duty.models import Cover as Cover
from notifications.duty.models import Step as Step
from notifications.duty.models import Turn as Turn
from notifications.event import DIRECT, GENERAL
from notifications.pace import Pace as Pace
from notifications.storms import Storm as Storm
from notifications.told import Told as Told
from notifications.wishes import Mute as Mute
from notifications.wishes import Plan as Plan
from notifications.wishes import Subscription as Subscription

# The fingerprint of a digest begins with it.
DIGEST = "digest."


# The events of what is written to people; a test or a code that somebody asked for has none.
WRITTEN = (DIRECT, GENERAL, "")


class Topic(models.Model):
    """Something that open browsers follow, and how often it has changed (see live.py)."""

    name = models.CharField(max_length=80, primary_key=True)
    changes = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} ({self.changes})"


class Notices(models.QuerySet["Notice"]):
    """The vocabulary of notices."""

    def to(self, recipient: models.Model) -> Notices:
        """Those that are told to one recipient."""
        kind = ContentType.objects.get_for_model(recipient)
        return self.filter(recipient_type=kind, recipient_id=recipient.pk)

    def told(self, now: datetime) -> Notices:
        """Those whose time has come."""
        return self.filter(due_at__lte=now, withdrawn_at=None)

    def written_by(self, sender: models.Model) -> Notices:
        """Those that one of the staff wrote."""
        return self.filter(sent_by=sender.pk)

    def unread(self) -> Notices:
        """Those not opened yet."""
        return self.filter(read_at=None)

    def about(self, thing: models.Model) -> Notices:
        """Those about one object."""
        return self.filter(object_type=ContentType.objects.get_for_model(thing), object_id=thing.pk)

    def snoozed(self, now: datetime) -> Notices:
        """Those that their reader has put off."""
        return self.filter(snoozed_until__gt=now, withdrawn_at=None)

    def escalating(self, now: datetime) -> Notices:
        """Those that nobody has acknowledged in time."""
        return self.filter(acked_at=None, escalate_at__isnull=False, escalate_at__lte=now)

    def gathered_in(self, digest: int) -> Notices:
        """Those for which a digest notice (its pk) stands."""
        return self.filter(digest=digest)


class Report(models.Model):
    """A page as it was when a notice about it was sent: what is attached to that notice."""

    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=60)
    content = models.BinaryField()
    said = models.TextField(blank=True)  # its words, by which whoever takes a name out of everything finds it
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """One thing told to one recipient. Its fingerprint stays while its object exists, so it is never told again."""

    fingerprint = models.CharField(max_length=64, unique=True, editable=False)
    event = models.CharField(max_length=60)
    # Both kinds begin an index of several fields (see Meta), so they need none of their own.
    object_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+", db_index=False)
    object_id = models.PositiveBigIntegerField()
    about = GenericForeignKey("object_type", "object_id")
    recipient_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+", db_index=False)
    recipient_id = models.PositiveBigIntegerField()
    recipient = GenericForeignKey("recipient_type", "recipient_id")
    text = models.CharField(max_length=280)
    link = models.CharField(max_length=300, blank=True)
    tone = models.CharField(max_length=10, default="plain")
    why = models.JSONField(default=list)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    report = models.ForeignKey(
        Report, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    acked_at = models.DateTimeField(null=True, blank=True)
    acked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # Unless it is acknowledged by then, it goes on to a louder channel, then to the next person.
    escalate_after = models.PositiveIntegerField(null=True, blank=True)
    escalate_at = models.DateTimeField(null=True, blank=True)
    # In a storm: the one notice by which its reader was told of this one by every channel but the inbox.
    digest = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="gathered", db_index=False
    )

    objects = Notices.as_manager()

    class Meta:
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["recipient_type", "recipient_id", "-due_at"], name="notice_inbox"),
            models.Index(fields=["recipient_type", "recipient_id"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["object_type", "object_id"], name="notice_object"),
            models.Index(fields=["snoozed_until"], condition=Q(snoozed_until__isnull=False), name="notice_snoozed"),
            models.Index(fields=["created_at"], name="notice_written"),
            # Most are empty in most rows: a whole index would grow with each notice, and find nothing.
            models.Index(fields=["sent_by"], condition=Q(sent_by__isnull=False), name="notice_sender"),
            models.Index(fields=["acked_by"], condition=Q(acked_by__isnull=False), name="notice_acked_by"),
            models.Index(fields=["report"], condition=Q(report__isnull=False), name="notice_report"),
            models.Index(fields=["digest"], condition=Q(digest__isnull=False), name="notice_gathered"),
            models.Index(
                fields=["escalate_at"], condition=Q(acked_at=None, escalate_at__isnull=False), name="notice_escalation"
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def kind(self) -> ContentType:
        """The kind of what it is about, from memory: the foreign key asks the database again for each notice."""
        return ContentType.objects.get_for_id(self.object_type_id)

    @property
    def is_written(self) -> bool:
        """Was it written to its recipient? Then it is told whatever they have muted, and takes no other's place."""
        return self.event in WRITTEN

    @property
    def is_digest(self) -> bool:
        """Does it stand for others, that came in a storm?"""
        return self.fingerprint.startswith(DIGEST)


class Deliveries(models.QuerySet["Delivery"]):
    """The vocabulary of the outbox."""

    def due(self, now: datetime) -> Deliveries:
        """Those to send now: not sent, and in nobody's hands (a lease that lapsed is nobody's)."""
        free = Q(leased_until=None) | Q(leased_until__lte=now)
        return self.filter(free, state=Delivery.State.WAITING, due_at__lte=now).order_by("due_at", "pk")


class Delivery(models.Model):
    """A notice on its way to one address: the outbox."""

    class State(models.TextChoices):
        """Where a delivery stands."""

        WAITING = "waiting", "Waiting"
        DONE = "done", "Delivered"
        WITHDRAWN = "withdrawn", "Withdrawn"
        FAILED = "failed", "Failed for good"
        HELD = "held", "Waits for a digest"
        DIGESTED = "digested", "In a digest"

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    # None when the address is no more; `gone` is what it was called.
    address = models.ForeignKey(Address, on_delete=models.SET_NULL, null=True, blank=True, related_name="deliveries")
    gone = models.CharField(max_length=80, blank=True)
    # That of its address, which never has another: by it the outbox is read, and whatever else waits is not.
    channel = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=32, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = Deliveries.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notice", "address"], name="delivery_once"),
            models.CheckConstraint(condition=Q(address=None) | ~Q(channel=""), name="delivery_channel"),
        ]
        indexes = [
            models.Index(fields=["channel", "due_at", "id"], condition=Q(state="waiting"), name="delivery_outbox"),
            models.Index(fields=["notice"], condition=Q(state="held"), name="delivery_held"),
            models.Index(fields=["id"], condition=Q(state="failed"), name="delivery_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.notice} by {self.address or self.gone}"

    def get_absolute_url(self) -> str:
        """Its page in the delivery log."""
        return reverse("delivery", args=[self.pk])

    @classmethod
    def by(cls, address: Address | Reach, notice: Notice, due_at: datetime) -> Delivery:
        """A notice to this address, not saved yet."""
        return cls(notice=notice, address_id=address.pk, channel=address.channel, due_at=due_at)

    @property
    def to(self) -> Address:
        """The address of one that is being sent."""
        assert self.address is not None
        return self.address


class Attempt(models.Model):
    """One try of a delivery, written down before it is made."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.started_at:%F %T} {self.error or 'ok' if self.ended_at else 'sending'}"

    @property
    def seconds(self) -> str:
        """How long it took."""
        return f"{(self.ended_at - self.started_at).total_seconds():.1f} s" if self.ended_at else ""


class Pause(models.Model):
    """While there is this row, nothing is sent (see pause.py)."""

    ONLY = 1

    since = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    why = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"paused since {self.since:%F %T}"
