"""Addresses, subscriptions, and the outbox: a Notice to one recipient, its Deliveries, their Attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

from notifications import interest
from notifications.address import Address as Address
from notifications.address import PushKey as PushKey
from notifications.audit import Act as Act
from notifications.audit import History


class Topic(models.Model):
    """Something that open browsers follow, and how often it has changed (see live.py)."""

    name = models.CharField(max_length=80, primary_key=True)
    changes = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} ({self.changes})"


class Remembered(models.QuerySet[Any]):
    """Rows that every process keeps in mind: changes of many are heard of as those of one are."""

    def update(self, **kwargs: Any) -> int:
        """As Django's."""
        with interest.changing():
            return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's."""
        with interest.changing():
            return super().delete()

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's."""
        with interest.changing():
            return super().bulk_create(*args, **kwargs)


class Subscriptions(Remembered):
    """The vocabulary of subscriptions."""

    def to(self, recipient: tuple[str, str]) -> Self:
        """Those of one recipient."""
        return self.filter(recipient_kind=recipient[0], recipient_key=recipient[1])

    def about(self, thing: models.Model | None) -> Self:
        """Those to one object; for None those to all of a kind."""
        if thing is None:
            return self.filter(object_id=None)
        return self.filter(object_type=ContentType.objects.get_for_model(thing), object_id=thing.pk)


class Kept(models.Model):
    """A row that every process keeps in mind."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and let every process know that somebody's interest has changed."""
        with interest.changing():
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete, and let every process know."""
        with interest.changing():
            return super().delete(*args, **kwargs)


class Subscription(Kept):
    """Somebody wants to hear of an event: of all objects of its kind, or of one object and what belongs to it.

    One that is `off` says the contrary for one person: what everybody of their role hears of, they do not.
    """

    event = models.CharField(max_length=60)
    recipient_kind = models.CharField(max_length=20)
    recipient_key = models.CharField(max_length=40)
    object_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    object_id = models.PositiveBigIntegerField(null=True, blank=True)
    about = GenericForeignKey("object_type", "object_id")
    asked = models.JSONField(default=dict, blank=True)
    off = models.BooleanField(default=False)
    tags_in = models.JSONField(default=list, blank=True)
    tags_out = models.JSONField(default=list, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Subscriptions.as_manager()
    history = History(
        "event", "recipient_kind", "recipient_key", "object_type", "object_id", "asked", "off", "tags_in", "tags_out",
        said="notifications.said.subscription",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "recipient_kind", "recipient_key", "object_type", "object_id"],
                name="subscription_once",
            ),
            models.UniqueConstraint(
                fields=["event", "recipient_kind", "recipient_key"],
                condition=Q(object_id=None),
                name="subscription_once_to_all",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_kind} {self.recipient_key} wants {self.event}"

    @property
    def recipient(self) -> tuple[str, str]:
        """Who hears: the kind and the key."""
        return self.recipient_kind, self.recipient_key


class Mute(Kept):
    """Until then (None: for good) a user hears nothing of an object and of what belongs to it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    object_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    about = GenericForeignKey("object_type", "object_id")
    until = models.DateTimeField(null=True, blank=True)

    objects = Remembered.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "object_type", "object_id"], name="mute_once")]

    def __str__(self) -> str:
        return f"{self.user} hears nothing of {self.about}"


class Notices(models.QuerySet["Notice"]):
    """The vocabulary of notices."""

    def to(self, recipient: models.Model) -> Notices:
        """Those that are told to one recipient."""
        kind = ContentType.objects.get_for_model(recipient)
        return self.filter(recipient_type=kind, recipient_id=recipient.pk)

    def told(self, now: datetime) -> Notices:
        """Those whose time has come."""
        return self.filter(due_at__lte=now, withdrawn_at=None)

    def unread(self) -> Notices:
        """Those not opened yet."""
        return self.filter(read_at=None)


class Notice(models.Model):
    """One thing told to one recipient. Its fingerprint stays while its object exists, so it is never told again."""

    fingerprint = models.CharField(max_length=64, unique=True, editable=False)
    event = models.CharField(max_length=60)
    object_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    object_id = models.PositiveBigIntegerField()
    about = GenericForeignKey("object_type", "object_id")
    recipient_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
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

    objects = Notices.as_manager()

    class Meta:
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["recipient_type", "recipient_id", "-due_at"], name="notice_inbox"),
            models.Index(fields=["recipient_type", "recipient_id"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["object_type", "object_id"], name="notice_object"),
        ]

    def __str__(self) -> str:
        return self.text


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

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="deliveries")
    # None when the address is no more; `gone` is what it was called.
    address = models.ForeignKey(Address, on_delete=models.SET_NULL, null=True, blank=True, related_name="deliveries")
    gone = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=32, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = Deliveries.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["notice", "address"], name="delivery_once")]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="waiting"), name="delivery_outbox")]

    def __str__(self) -> str:
        return f"{self.notice} by {self.address or self.gone}"

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


class Pause(models.Model):
    """While there is this row, nothing is sent (see pause.py)."""

    ONLY = 1

    since = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    why = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"paused since {self.since:%F %T}"
