"""Checks, outages, incidents and sources in the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from agents import ways
from customers.api import Conflict, Written
from customers.api_rows import Belonging
from notifications.api.by_form import Link, LinkedByForm
from notifications.api.resources import Moment, Number, Resource, Rows, Shown, Time, TrueOrFalse
from outages import actions
from outages.forms import CheckForm, NoteForm, WorkForm
from outages.models import Check, Incident, IncidentNote, Outage, Source


class CheckRow(Belonging):
    """One probe on one equipment: down after `count` bad readings within `window` seconds, one every `interval`."""

    form, resource, to = CheckForm, "checks", "equipment"
    equipment = Link(source="equipment_id", required=True, allow_null=False)
    probe = serializers.ChoiceField(choices=[], default="icmp")

    class Meta:
        model = Check
        fields: ClassVar = [
            "id", "url", "html_url", "equipment", "probe", "port", "on", "interval", "count", "window", "state",
            "state_since",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["state", "state_since"]
        validators: ClassVar[list] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["probe"].choices = ways.choices()

    def keep(self) -> Check:
        """Saved, and looked at from now on."""
        check: Check = self.filled.save(commit=False)
        actions.save_check(check)
        return check


class CheckRows(Rows):
    """Checks by equipment, way of looking and state."""

    equipment = Number(field_name="equipment_id")
    probe = filters.CharFilter(max_length=20)
    state = filters.ChoiceFilter(choices=Check.State.choices)
    on = TrueOrFalse()


class CheckResource(mixins.DestroyModelMixin, Written):
    """How equipment is looked at. Deleting one forgets its readings; its outages stay."""

    see, change = "outages.view", "outages.change_checks"
    queryset = Check.objects.select_related("equipment")
    serializer_class, filterset_class = CheckRow, CheckRows

    def perform_destroy(self, instance: Check) -> None:
        """By the action of the page."""
        actions.delete_check(instance)


class OutageRow(Shown):
    """One equipment out, from its first bad reading to its first good one; `ended_at` is null while it goes on."""

    resource = "outages"
    equipment = serializers.IntegerField(source="equipment_id")
    customer = serializers.IntegerField(source="customer_id", allow_null=True)
    site = serializers.IntegerField(source="site_id", allow_null=True)
    incident = serializers.IntegerField(source="incident_id", allow_null=True)
    check_of = serializers.IntegerField(source="check_of_id", allow_null=True, help_text="The check; null if deleted.")

    class Meta:
        model = Outage
        fields: ClassVar = [
            "id", "url", "html_url", "equipment", "customer", "site", "incident", "check_of", "started_at", "opened_at",
            "ended_at", "opened_by", "closed_by",
        ]  # fmt: skip
        read_only_fields: ClassVar = fields


class OutageRows(Rows):
    """Outages by what and whom they hit, and when."""

    open = TrueOrFalse(field_name="ended_at", lookup_expr="isnull", label="Those that go on, or are over.")
    equipment = Number(field_name="equipment_id")
    customer = Number(field_name="customer_id")
    site = Number(field_name="site_id")
    incident = Number(field_name="incident_id")
    started_after = Moment(field_name="started_at", lookup_expr="gte")
    started_before = Moment(field_name="started_at", lookup_expr="lt")


class OutageResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """All outages, kept for good. Only looking opens and closes them."""

    see = "outages.view"
    queryset = Outage.objects.all()
    serializer_class, filterset_class = OutageRow, OutageRows
    orders: ClassVar = {"started": "started_at", "id": "pk"}
    orders_first = "-started"


class IncidentRow(LinkedByForm):
    """One cause, and the outages behind it. State, owner, expected_at and sentence say how the work on it stands."""

    form, resource = WorkForm, "incidents"
    equipment = serializers.IntegerField(source="equipment_id", read_only=True)
    owner = Link(source="owner_id", help_text="The id of the user who has taken it on.")
    joined = serializers.IntegerField(
        source="joined_id", read_only=True, allow_null=True, help_text="The incident of which this was a first sign."
    )
    title = serializers.CharField(read_only=True)

    class Meta:
        model = Incident
        fields: ClassVar = [
            "id", "url", "html_url", "title", "equipment", "state", "owner", "expected_at", "sentence", "opened_at",
            "closed_at", "changed_at", "customers_behind", "sites_behind", "joined",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["opened_at", "closed_at", "changed_at", "customers_behind", "sites_behind"]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """As the form has it, while the incident goes on."""
        if self.instance.closed_at:
            raise Conflict("This incident is over already.")
        return super().validate(given)

    def keep(self) -> Incident:
        """By the action of the page."""
        request = self.context["request"]
        try:
            actions.work(self.instance, self.filled.cleaned_data, request.user, timezone.now())
        except actions.TooLate:
            raise Conflict("This incident is over already.") from None
        found: Incident = IncidentResource.queryset.get(pk=self.instance.pk)
        return found


class NoteRow(serializers.ModelSerializer):
    """A line of an incident's timeline; `by` is the id of a user, or null where Towerwatch itself wrote it."""

    at = Time(read_only=True)
    by = serializers.IntegerField(source="by_id", read_only=True, allow_null=True)

    class Meta:
        model = IncidentNote
        fields: ClassVar = ["id", "at", "by", "text"]


class IncidentRows(Rows):
    """Incidents by state, what is down, and when."""

    open = TrueOrFalse(field_name="closed_at", lookup_expr="isnull", label="Those that go on, or are over.")
    state = filters.ChoiceFilter(choices=Incident.State.choices)
    equipment = Number(field_name="equipment_id")
    owner = Number(field_name="owner_id")
    opened_after = Moment(field_name="opened_at", lookup_expr="gte")
    opened_before = Moment(field_name="opened_at", lookup_expr="lt")


class IncidentResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.UpdateModelMixin, Resource):
    """What went wrong, and the work on it. Only looking opens and closes incidents."""

    see, change = "outages.view", "outages.work"
    queryset = Incident.objects.select_related("equipment")
    serializer_class, filterset_class = IncidentRow, IncidentRows
    orders: ClassVar = {"opened": "opened_at", "id": "pk"}
    orders_first = "-opened"
    http_method_names: ClassVar = ["get", "post", "patch"]

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Any, pk: str | None = None) -> Response:
        """Take it on: it has been seen, and is yours if it was nobody's."""
        try:
            actions.acknowledge(self.get_object(), request.user, timezone.now())
        except actions.TooLate:
            raise Conflict("This incident is over already.") from None
        return Response(self.get_serializer(self.get_object()).data)


class NoteResource(mixins.ListModelMixin, mixins.CreateModelMixin, Resource):
    """The timeline of an incident; lines can be added to it."""

    see, change = "outages.view", "outages.work"
    queryset = IncidentNote.objects.all()
    serializer_class = NoteRow
    orders: ClassVar = {"at": "at", "id": "pk"}
    orders_first = "at"

    def get_queryset(self) -> Any:
        """Those of the incident in the address; 404 where there is none."""
        return super().get_queryset().filter(incident=self._incident())

    def perform_create(self, serializer: Any) -> None:
        """By the form and the action of the page."""
        form = NoteForm(serializer.validated_data)
        if not form.is_valid():
            raise ValidationError({name: list(texts) for name, texts in form.errors.items()})
        incident = self._incident()
        actions.say(incident, form.cleaned_data["text"], self.request.user, timezone.now())
        serializer.instance = incident.notes.order_by("-pk").first()

    def _incident(self) -> Incident:
        return get_object_or_404(Incident, pk=self.kwargs["incident_pk"])


class SourceRow(Shown):
    """An upstream system that is asked; its keys are never shown."""

    resource = "sources"

    class Meta:
        model = Source
        fields: ClassVar = [
            "id", "url", "html_url", "kind", "name", "address", "on", "interval", "count", "state", "state_since",
            "fault_kind", "fault", "answered_at", "synced_at", "accepted_at", "created_at",
        ]  # fmt: skip
        read_only_fields: ClassVar = fields


class SourceRows(Rows):
    """Sources by state."""

    state = filters.ChoiceFilter(choices=Source.State.choices)
    on = TrueOrFalse()


class SourceResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Upstream systems, and how they answer."""

    see = "outages.view"
    queryset = Source.objects.all()
    serializer_class, filterset_class = SourceRow, SourceRows
    orders: ClassVar = {"name": "name", "id": "pk"}
    orders_first = "name"


RESOURCES: list[tuple[str, type[Resource]]] = [
    ("checks", CheckResource),
    ("outages", OutageResource),
    ("incidents", IncidentResource),
    (r"incidents/(?P<incident_pk>[0-9]{1,18})/notes", NoteResource),
    ("sources", SourceResource),
]
