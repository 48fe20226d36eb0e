"""One's own inbox in the API, and the index of this floor's resources."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from notifications import acknowledging, reading
from notifications.api.direct import RESOURCES as DIRECT
from notifications.api.direct import Writing
from notifications.api.duty import DutyResource
from notifications.api.events import EventResource
from notifications.api.mutes import MuteResource, PlanResource
from notifications.api.resources import Moment, Resource, Rows, Shown, Time, TrueOrFalse
from notifications.api.rota import RESOURCES as ROTA
from notifications.api.subscriptions import SubscriptionResource
from notifications.models import Notice

LONGEST_SNOOZE = timedelta(days=366)


class NoticeRow(Shown):
    """One thing that was told."""

    resource = "notices"
    link = serializers.CharField(help_text="The page of what it is about, from the root of the site.")
    escalate_at = Time(help_text="When it goes on to somebody else, unless it is acknowledged; null: never.")
    steps = serializers.SlugRelatedField("text", many=True, read_only=True, help_text="To whom it went on, in words.")

    sent_by = serializers.StringRelatedField(help_text="Who wrote it; null where nobody did.")
    report = serializers.SerializerMethodField(help_text="Where the API has the report that came with it; null: none.")

    class Meta:
        model = Notice
        fields: ClassVar = [
            "id", "url", "event", "text", "tone", "link", "due_at", "created_at", "read_at", "snoozed_until",
            "acked_at", "escalate_at", "steps", "sent_by", "report",
        ]  # fmt: skip
        read_only_fields: ClassVar = fields

    html_url = None

    def get_report(self, row: Notice) -> str | None:
        """The address of the report."""
        return self._whole(f"/api/v1/reports/{row.report_id}/") if row.report_id else None


class Snooze(serializers.Serializer):
    """Until when."""

    until = Time(help_text="At most a year from now.")

    def validate_until(self, until: datetime) -> datetime:
        """A time to come."""
        now = timezone.now()
        if not now < until <= now + LONGEST_SNOOZE:
            raise serializers.ValidationError("A time to come, at most a year away, is wanted.")
        return until


class NoticeRows(Rows):
    """Notices by event and whether they are read; what is snoozed comes where it is asked for."""

    snoozed = TrueOrFalse(method="narrow", label="Put off until later, instead of what the inbox shows.")

    unread = TrueOrFalse(field_name="read_at", lookup_expr="isnull", label="Not opened yet, or opened.")
    event = filters.CharFilter(max_length=60)
    due_after = Moment(field_name="due_at", lookup_expr="gte")
    due_before = Moment(field_name="due_at", lookup_expr="lt")

    def filter_queryset(self, queryset: Any) -> Any:
        """As always; without a word, what the inbox shows."""
        found = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("snoozed") else found.told(timezone.now())

    def narrow(self, queryset: Any, name: str, value: bool) -> Any:
        """What is snoozed, alone."""
        return queryset.snoozed(timezone.now()) if value else queryset


class NoticeResource(Writing, mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """One's own inbox: nobody else's."""

    queryset = Notice.objects.all()
    serializer_class, filterset_class = NoticeRow, NoticeRows
    orders: ClassVar = {"due": "due_at", "id": "pk"}
    orders_first = "-due"

    def get_queryset(self) -> Any:
        """What was told to whoever asks, and what they put off."""
        mine, now = Notice.objects.to(self.request.user), timezone.now()
        return (mine.told(now) | mine.snoozed(now)).select_related("sent_by").prefetch_related("steps")

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def read(self, request: Any, pk: str | None = None) -> Response:
        """Mark it as read."""
        return self._done(reading.read_all, request.user, timezone.now())

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def unread(self, request: Any, pk: str | None = None) -> Response:
        """Mark it as new again."""
        return self._done(reading.unread, request.user)

    @extend_schema(request=Snooze)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Any, pk: str | None = None) -> Response:
        """Put it off: it leaves the inbox, and comes back unread."""
        body = Snooze(data=request.data)
        body.is_valid(raise_exception=True)
        return self._done(reading.snooze, request.user, body.validated_data["until"], timezone.now())

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def unsnooze(self, request: Any, pk: str | None = None) -> Response:
        """Show what was put off at once."""
        return self._done(reading.unsnooze, request.user, timezone.now())

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Any, pk: str | None = None) -> Response:
        """Say that it is taken care of: it goes on to nobody else."""
        acknowledging.acknowledge(self.get_object(), request.user, timezone.now())
        return Response(self.get_serializer(self.get_object()).data)

    def _done(self, act: Callable[..., int], *about: Any) -> Response:
        act(Notice.objects.filter(pk=self.get_object().pk), *about)
        return Response(self.get_serializer(self.get_object()).data)


RESOURCES: list[tuple[str, type[Resource]]] = [
    ("notices", NoticeResource),
    ("subscriptions", SubscriptionResource),
    ("mutes", MuteResource),
    ("plans", PlanResource),
    ("events", EventResource),
    ("duty", DutyResource),
    *ROTA,
    *DIRECT,
]
