"""The delivery log in the API, for administrators: what was sent to whom, each try, and replaying what failed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from notifications.api.resources import Moment, Number, Resource, Rows, Shown, Time
from notifications.channels.channel import named
from notifications.delivery import log, replay
from notifications.models import Attempt, Delivery

RIGHT = "notifications.delivery_log"


class NotReplayed(APIException):
    """It cannot be sent once more as it stands: 409, and nothing was changed."""

    status_code = 409
    default_code = "conflict"


class AttemptRow(serializers.ModelSerializer):
    """One try of a delivery."""

    started_at = Time(read_only=True)
    ended_at = Time(read_only=True, allow_null=True, help_text="Null while it goes on, and where its end is not known.")

    class Meta:
        model = Attempt
        fields: ClassVar = ["started_at", "ended_at", "error"]
        read_only_fields: ClassVar = fields


class DeliveryRow(Shown):
    """A notice on its way to one address."""

    resource = "deliveries"
    notice = serializers.IntegerField(source="notice_id", read_only=True, help_text="The number (id) of the notice.")
    text = serializers.CharField(source="notice.text", read_only=True)
    event = serializers.CharField(source="notice.event", read_only=True, help_text="Empty where none asked for it.")
    written_at = Time(source="notice.created_at", read_only=True)
    recipient = serializers.SerializerMethodField(help_text="The name of whom it is for.")
    address = serializers.SerializerMethodField(help_text="Where it goes, as far as that may be shown.")
    attempts = AttemptRow(many=True, read_only=True)

    class Meta:
        model = Delivery
        fields: ClassVar = [
            "id", "url", "html_url", "notice", "text", "event", "recipient", "channel", "address", "state", "tries",
            "written_at", "due_at", "attempts",
        ]  # fmt: skip
        read_only_fields: ClassVar = fields

    def get_recipient(self, row: Delivery) -> str:
        """As the page has it."""
        return log.Line(row).who

    def get_address(self, row: Delivery) -> str:
        """As the page has it."""
        return log.Line(row).to


def channels() -> list[tuple[str, str]]:
    """The channels that there are, as name and label."""
    return [(name, named(name).label) for name in settings.CHANNELS]


class DeliveryRows(Rows):
    """Deliveries by what the page narrows them by."""

    state = filters.ChoiceFilter(choices=Delivery.State.choices)
    # Asked each time: whoever draws the schema keeps what it finds.
    channel = filters.ChoiceFilter(choices=channels)
    event = filters.CharFilter(field_name="notice__event", max_length=60)
    text = filters.CharFilter(field_name="notice__text", lookup_expr="icontains", max_length=100)
    notice = Number(field_name="notice")
    written_after = Moment(field_name="notice__created_at", lookup_expr="gte")
    written_before = Moment(field_name="notice__created_at", lookup_expr="lt")


class DeliveryResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """What was sent to anybody: read by administrators, who replay or discard what has failed for good."""

    see = change = RIGHT
    queryset = Delivery.objects.all()
    serializer_class, filterset_class = DeliveryRow, DeliveryRows
    orders_first = "-id"

    def get_queryset(self) -> Any:
        """All of them, whole."""
        return log.whole(Delivery.objects.all())

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def replay(self, request: Any, pk: str | None = None) -> Response:
        """Send one that failed once more: with all its tries before it, and its attempts kept."""
        try:
            replay.replay(self.get_object(), timezone.now())
        except replay.Refused as refused:
            raise NotReplayed(str(refused)) from None
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def discard(self, request: Any, pk: str | None = None) -> Response:
        """Never send one that failed; its notice stays in the inbox."""
        row = self.get_object()
        if row.state != Delivery.State.FAILED or not replay.discard(Delivery.objects.filter(pk=row.pk)):
            raise NotReplayed("It has not failed.")
        return Response(self.get_serializer(self.get_object()).data)


RESOURCES: list[tuple[str, type[Resource]]] = [("deliveries", DeliveryResource)]
