"""Reminders."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from notifications.observe import Observed, ObservedQuerySet

LONGEST = 280


class Reminders(ObservedQuerySet):
    """The vocabulary of reminders."""

    def seen_by(self, user: Any) -> Self:
        """Those that are for this user, and those that they made: nobody else's."""
        return self.filter(Q(user=user.pk) | Q(created_by=user.pk))

    def open(self) -> Self:
        """Those that are not done."""
        return self.filter(done_at=None)

    def about(self, thing: models.Model) -> Self:
        """Those of one object."""
        return self.filter(object_type=ContentType.objects.get_for_model(thing), object_id=thing.pk)

    def of_any(self, things: models.QuerySet) -> Self:
        """Those of any of these objects."""
        keys = list(things.values_list("pk", flat=True))
        return self.filter(object_type=ContentType.objects.get_for_model(things.model), object_id__in=keys)

    def soonest_first(self) -> Self:
        """In the order in which they come."""
        return self.order_by("due_at", "pk")


class Reminder(Observed):
    """Something that one user is to think of at a time. It is theirs and that of who made it, and nobody else's."""

    text = models.CharField("what", max_length=LONGEST)
    due_at = models.DateTimeField("when")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reminders", verbose_name="for whom"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    object_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    object_id = models.PositiveBigIntegerField(null=True, blank=True)
    thing = GenericForeignKey("object_type", "object_id")
    # What the object was called when it was made: also where the object is no more.
    about = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = Reminders.as_manager()
    # New tags of any object may be tags of a reminder: planning asks for this.
    is_of_anything: ClassVar = True

    class Meta(Observed.Meta):
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(fields=["user", "due_at"], name="reminder_open", condition=Q(done_at=None)),
            models.Index(fields=["user", "done_at"], name="reminder_done"),
            models.Index(fields=["object_type", "object_id"], name="reminder_object"),
        ]

    def __str__(self) -> str:
        """Never its text: that is for two people, and this is shown to whoever looks at what there is to hear."""
        return f"Reminder {self.pk}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("reminder", args=[self.pk])

    @property
    def when(self) -> str:
        """Its time in words, in the zone of the house."""
        return date_format(timezone.localtime(self.due_at), "D j M H:i")

    @property
    def whole(self) -> str:
        """What it says, and of what."""
        return f"{self.text} ({self.about})" if self.about and self.about not in self.text else self.text

    @property
    def is_done(self) -> bool:
        """Is there nothing to think of any more?"""
        return self.done_at is not None

    @property
    def is_for_another(self) -> bool:
        """Did somebody make it for a colleague?"""
        return self.user_id != self.created_by_id

    def scopes(self) -> list[tuple[str, int | None]]:
        """A reminder belongs to its object, and to what that belongs to."""
        thing: Any = self.thing if self.object_id else None
        return [(thing._meta.label, thing.pk), *thing.scopes()] if thing is not None else []


def may_be_of(model: Any) -> bool:
    """Can objects of this model be reminded of? All that have pages and events of their own, but reminders."""
    return isinstance(model, type) and issubclass(model, Observed) and model is not Reminder


def of(label: str, pk: int) -> Any:
    """The object by the label of its model ("customers.customer") and its key; None for what cannot be reminded of."""
    app, _, name = label.partition(".")
    try:
        model = apps.get_model(app, name)
    except (LookupError, ValueError):
        return None
    return model._base_manager.filter(pk=pk).first() if may_be_of(model) else None
