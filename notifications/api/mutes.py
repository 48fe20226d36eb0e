"""What one hears nothing of, and what waits to be told, in the API: one's own alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Q
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import mixins
from rest_framework.exceptions import ValidationError

from notifications import actions, hearing, recipients
from notifications.api.about import About
from notifications.api.resources import LATEST, Moment, Resource, Rows, Shown
from notifications.event import Audience, declared
from notifications.models import Mute, Plan

PERSONAL = Audience.PERSONAL


class MuteRow(Shown):
    """One hears nothing of an object, and of what belongs to it, until then (null: for good)."""

    resource = "mutes"
    html_url = None
    about = About()

    class Meta:
        model = Mute
        fields: ClassVar = ["id", "url", "about", "until"]

    def validate_about(self, value: Any) -> Any:
        """An object; there is no muting of everything."""
        if value is None:
            raise ValidationError("Name one object.")
        return value

    def validate_until(self, value: datetime | None) -> datetime | None:
        """A time to come."""
        if value is not None and not timezone.now() < value < LATEST:
            raise ValidationError("Name a time to come, or null for good.")
        return value

    def create(self, given: dict[str, Any]) -> Mute:
        """By the action of the page; one that is there already is set to the other time."""
        user, thing = self.context["request"].user, given["about"]
        actions.mute(user, thing, given.get("until"))
        return hearing.mute_of(user, thing)


class MuteResource(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin, mixins.DestroyModelMixin, Resource
):
    """One's own mutes, those that are over left out."""

    queryset = Mute.objects.prefetch_related("about")
    serializer_class = MuteRow
    http_method_names: ClassVar = ["get", "post", "delete"]

    def get_queryset(self) -> Any:
        """Those of whoever asks."""
        running = Q(until=None) | Q(until__gt=timezone.now())
        return super().get_queryset().filter(running, user=self.request.user.pk)

    def perform_destroy(self, instance: Mute) -> None:
        """By the action of the page."""
        if instance.about is None:
            instance.delete()
        else:
            actions.unmute(self.request.user, instance.about)


class PlanRow(Shown):
    """What will be told at its time, if its object stays as it is."""

    resource = "plans"
    html_url = None
    about = About()

    class Meta:
        model = Plan
        fields: ClassVar = ["id", "url", "event", "about", "due_at", "subscription", "extended_why"]
        read_only_fields: ClassVar = fields


class PlanRows(Rows):
    """Plans by event and by when they are due."""

    event = filters.CharFilter(max_length=60)
    due_after = Moment(field_name="due_at", lookup_expr="gte")
    due_before = Moment(field_name="due_at", lookup_expr="lt")


class PlanResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """What waits for whoever asks, by their own subscriptions and those of their role; reminders have their own."""

    queryset = Plan.objects.prefetch_related("about")
    serializer_class, filterset_class = PlanRow, PlanRows
    orders: ClassVar = {"due": "due_at", "id": "pk"}
    orders_first = "due"

    def get_queryset(self) -> Any:
        """Those that would be told to them, less what they turned off, and what is personal: that is nobody else's."""
        to = recipients.reaching(self.request.user)
        meant = (Q(subscription__recipient_kind=kind, subscription__recipient_key=key) for kind, key in to)
        rows = super().get_queryset().filter(Q(*meant, _connector=Q.OR), subscription__off=False)
        rows = rows.exclude(event__in=[event.key for event in declared().values() if event.audience is PERSONAL])
        firm = Q(subscription__recipient_kind__in=recipients.FIRM)
        for event, kind, pk in hearing.turned_off(self.request.user):
            about = {} if pk is None else {"subscription__object_type": kind, "subscription__object_id": pk}
            rows = rows.exclude(~firm & Q(subscription__event=event, **about))
        return rows
