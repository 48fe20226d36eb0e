"""Subscriptions, what they have planned, and mutes: who wants to hear of what, and who does not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from notifications import interest
from notifications.audit import History
from notifications.event import meant
from notifications.index import Place

# What says whose plans they are; and all that a subscription that waits for a time is planned by.
ABOUT = frozenset({"event", "object_type_id", "object_id"})
PLANNED_BY = ABOUT | {"asked", "off", "tags_in", "tags_out", "now_too"}


class Remembered(models.QuerySet[Any]):
    """Rows that every process keeps in mind: changes of many are heard of as those of one are."""

    def places(self) -> list[Place]:
        """Where these stand (a few more than a change may name are enough)."""
        rows = self.order_by()[: interest.MANY + 1]
        return [row.place for row in rows]

    def update(self, **kwargs: Any) -> int:
        """As Django's."""
        with interest.changing() as changes:
            before = self.places()
            changes.gone(before)
            count = super().update(**kwargs)
            changes.came(type(self)(self.model).filter(pk__in=[place.wish for place in before]).places())
            return count

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's."""
        with interest.changing() as changes:
            changes.gone(self.places())
            return super().delete()

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's."""
        with interest.changing() as changes:
            made = super().bulk_create(*args, **kwargs)
            changes.everything = len(made) > interest.MANY or any(one.pk is None for one in made)
            changes.came(() if changes.everything else [one.place for one in made])
            return made


class Subscriptions(Remembered):
    """The vocabulary of subscriptions."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's."""
        objs = list(objs)
        for one in objs:
            one.planned = one.planned if one.waits else None
        return super().bulk_create(objs, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """As Django's; where what is planned depends on it, all of these are planned anew."""
        named = {*kwargs, *(f"{name}_id" for name in kwargs)}
        if not PLANNED_BY.isdisjoint(named):
            kwargs = {"planned": 0, "planned_at": timezone.now()} | kwargs
            with transaction.atomic():
                if not ABOUT.isdisjoint(named):
                    Plan.objects.filter(subscription__in=list(self.order_by().values_list("pk", flat=True))).delete()
                return super().update(**kwargs)
        return super().update(**kwargs)

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
        with interest.changing() as changes:
            before = type(self)._base_manager.filter(pk=self.pk).first() if self.pk else None
            changes.gone([before.place] if before else [])
            super().save(*args, **self.also_saved(before, kwargs))
            changes.came([self.place])

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete, and let every process know."""
        with interest.changing() as changes:
            changes.gone([self.place])
            return super().delete(*args, **kwargs)

    def also_saved(self, before: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        """What a save is called with, `before` being the row as it was; here as it came."""
        return kwargs

    @property
    def place(self) -> Place:
        """Where it stands in the index; one of no event only says that something is to be read again."""
        return Place(0, "", None, False)


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
    # By these channels; none named: the person's defaults. The inbox keeps everything in any case.
    channels = models.JSONField(default=list, blank=True)
    involved = models.BooleanField(default=False)  # only to those of its recipients whom the object involves
    own_acts = models.BooleanField(default=False)  # also what the recipient did
    now_too = models.BooleanField(default=False)  # also what was true already when this was asked for
    # Minutes without acknowledgement after which a notice goes on to a louder channel, then to the next person.
    escalate_after = models.PositiveIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # How far it is planned over the rows that exist; None where there is nothing more to plan (see planning.py).
    planned = models.PositiveSmallIntegerField(default=0, null=True, editable=False)
    planned_at = models.DateTimeField(
        null=True, editable=False
    )  # of one that is to be planned anew: when it was edited

    objects = Subscriptions.as_manager()
    history = History(
        "event", "recipient_kind", "recipient_key", "object_type", "object_id", "asked", "off", "tags_in", "tags_out",
        "channels", "involved", "own_acts", "now_too", "escalate_after",
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
        indexes = [
            models.Index(fields=["planned"], name="subscription_to_plan", condition=Q(planned__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_kind} {self.recipient_key} wants {self.event}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As any that is kept in mind; what waits for no time has nothing to be planned."""
        self.planned = self.planned if self.waits else None
        super().save(*args, **kwargs)

    def also_saved(self, before: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Whoever changes what it is planned by, by whatever road, has it planned anew."""
        named = kwargs.get("update_fields")
        saved = PLANNED_BY if named is None else PLANNED_BY & {*named, *(f"{name}_id" for name in named)}
        if before is None or all(getattr(before, name) == getattr(self, name) for name in {*saved, "planned"}):
            return kwargs
        self.planned, self.planned_at = 0 if self.waits else None, timezone.now()
        # What is of another event or object by now; of the rest planning finds out what stays, and when it is due.
        if not self.waits or any(getattr(before, name) != getattr(self, name) for name in ABOUT & saved):
            self.plans.all().delete()
        return kwargs if named is None else kwargs | {"update_fields": {*named, "planned", "planned_at"}}

    @property
    def waits(self) -> bool:
        """Is there anything to plan over the rows that exist?"""
        return any(event.plans or (self.now_too and event.holds) for event in meant(self.event))

    @property
    def place(self) -> Place:
        """Where it stands in the index of interest."""
        scope = None if self.object_id is None else (self.object_type_id or 0, self.object_id)
        return Place(self.pk, self.event, scope, self.off)

    @property
    def recipient(self) -> tuple[str, str]:
        """Who hears: the kind and the key."""
        return self.recipient_kind, self.recipient_key


class Plans(models.QuerySet["Plan"]):
    """The vocabulary of plans."""

    def due(self, now: datetime) -> Plans:
        """Those whose time has come, the longest due first."""
        return self.filter(due_at__lte=now).order_by("due_at", "pk")


class Plan(models.Model):
    """What will be told at its time, if its object stays as it is: of one subscription, one object, one occurrence."""

    # No constraint: whoever unsubscribes at the moment in which something is saved must not undo what is saved. A plan
    # of nobody is told to nobody.
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="plans", db_constraint=False)
    event = models.CharField(max_length=60)
    object_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    about = GenericForeignKey("object_type", "object_id")
    mark = models.CharField(max_length=64)
    due_at = models.DateTimeField()
    extended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    extended_why = models.CharField(max_length=200, blank=True)

    objects = Plans.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "event", "object_type", "object_id", "mark"], name="plan_once"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="plan_due"),
            models.Index(fields=["object_type", "object_id"], name="plan_object"),
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.about} at {self.due_at:%F %T}"


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
