"""Customers, contacts, sites and equipment in the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as Invalid
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response

from customers import removal
from customers.api_rows import ContactRow, CustomerRow, EquipmentRow, SiteRow
from customers.equipment.forms import Address, Mac
from customers.equipment.models import Equipment, Kind, State
from customers.meters.api import MeterReadingResource
from customers.people.actions import archive_with_equipment
from customers.people.models import Contact, Customer, Site
from customers.reminders.api import ReminderResource
from notifications.api.resources import Moment, Number, Resource, Rows, TrueOrFalse


class Conflict(APIException):
    """It cannot be done as things stand."""

    status_code = 409


class Kept(Rows):
    """What everything that can be archived can be narrowed by."""

    q = filters.CharFilter(method="search", max_length=200, label="Every word is somewhere in the row.")
    tag = filters.CharFilter(field_name="tags__name", max_length=100, label="With this tag.")
    archived = TrueOrFalse(method="put_away", label="Archived ones; without it the current ones.")

    def search(self, rows: Any, name: str, value: str) -> Any:
        """As the search of the pages."""
        return rows.search(value)

    def put_away(self, rows: Any, name: str, value: bool) -> Any:
        """Archived or not."""
        return rows.archived() if value else rows.current()


class CustomerRows(Kept):
    """Customers by state, account and kind."""

    state = filters.ChoiceFilter(choices=Customer.State.choices)
    suspended = TrueOrFalse()
    account = filters.CharFilter(max_length=40)
    company = TrueOrFalse(method="companies", label="Companies, or persons.")
    created_after = Moment(field_name="created_at", lookup_expr="gte")

    def companies(self, rows: Any, name: str, value: bool) -> Any:
        """By whether they have a company's name."""
        return rows.exclude(company_name="") if value else rows.filter(company_name="")


class ContactRows(Rows):
    """Contacts by their customer."""

    customer = Number(field_name="customer_id")


class SiteRows(Kept):
    """Sites by kind and customer."""

    kind = filters.ChoiceFilter(choices=Site.Kind.choices)
    customer = Number(field_name="customer_id")


class EquipmentRows(Kept):
    """Equipment by state, kind and place."""

    state = filters.ChoiceFilter(choices=State.choices)
    kind = filters.ChoiceFilter(choices=Kind.choices)
    address = filters.CharFilter(method="written_as", max_length=60)
    mac = filters.CharFilter(method="written_as", max_length=40)
    uplink = Number(field_name="uplink_id")
    site = Number(field_name="site_id")
    customer = Number(field_name="customer_id")
    created_after = Moment(field_name="created_at", lookup_expr="gte")

    def written_as(self, rows: Any, name: str, value: str) -> Any:
        """However it is written; raises ValidationError for what is none."""
        try:
            return rows.filter(**{name: {"address": Address, "mac": Mac}[name]().clean(value)})
        except Invalid as fault:
            raise ValidationError({name: fault.messages}) from fault


class Written(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin, mixins.UpdateModelMixin, Resource
):
    """A resource that is read, made and changed, field by field."""

    see = "customers.view"
    http_method_names: ClassVar = ["get", "post", "patch", "delete"]


class Archivable(Written):
    """A resource that is put away instead of deleted, and brought back; its list has the current rows."""

    orders: ClassVar = {"name": "name", "id": "pk", "created": "created_at"}
    orders_first = "name"

    def filter_queryset(self, queryset: Any) -> QuerySet:
        """In a list the current rows, unless archived ones are asked for."""
        found: Any = super().filter_queryset(queryset)
        asked = self.detail or self.request.query_params.get("archived")
        return found if asked else found.current()  # type: ignore[no-any-return]

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def archive(self, request: Any, pk: str | None = None) -> Response:
        """Put it away: lists leave it out, nothing looks at it, and its history stays."""
        row = self.get_object()
        if row.archived_at is None:
            self.put_away(row)
        return Response(self.get_serializer(row).data)

    def put_away(self, row: Any) -> None:
        """By the action of the page."""
        removal.archive(row, timezone.now())

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self, request: Any, pk: str | None = None) -> Response:
        """Bring it back."""
        row = self.get_object()
        rival = row.rival() if row.archived_at and hasattr(row, "rival") else None
        if rival:
            raise Conflict(f"{rival} has its IP address or MAC by now: change one of them first.")
        removal.restore(row)
        return Response(self.get_serializer(row).data)


class CustomerResource(Archivable):
    """Whom we serve."""

    change = "customers.change_people"
    queryset = Customer.objects.with_tags()
    serializer_class, filterset_class = CustomerRow, CustomerRows
    http_method_names: ClassVar = ["get", "post", "patch"]

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def archive_with_equipment(self, request: Any, pk: str | None = None) -> Response:
        """Put a customer away, and with it the equipment that serves nobody else."""
        row = self.get_object()
        if row.archived_at is None:
            archive_with_equipment(row, timezone.now())
        return Response(self.get_serializer(row).data)


class ContactResource(mixins.DestroyModelMixin, Written):
    """Whom to talk to at a customer."""

    change = "customers.change_people"
    queryset = Contact.objects.select_related("customer")
    serializer_class, filterset_class = ContactRow, ContactRows
    orders: ClassVar = {"name": "name", "id": "pk"}
    orders_first = "name"

    def perform_destroy(self, instance: Contact) -> None:
        """For good, unless history hangs on it (409)."""
        try:
            removal.delete(instance)
        except removal.Held:
            raise Conflict("History hangs on this contact: it stays.") from None


class SiteResource(Archivable):
    """Towers, POPs, and customers' premises."""

    change = "customers.change_network"
    queryset = Site.objects.with_tags()
    serializer_class, filterset_class = SiteRow, SiteRows
    http_method_names: ClassVar = ["get", "post", "patch"]


class EquipmentResource(Archivable):
    """What the network is made of. New equipment is looked at once it has a check."""

    change = "customers.change_network"
    queryset = Equipment.objects.with_tags()
    serializer_class, filterset_class = EquipmentRow, EquipmentRows
    http_method_names: ClassVar = ["get", "post", "patch"]


RESOURCES: list[tuple[str, type[Resource]]] = [
    ("customers", CustomerResource),
    ("contacts", ContactResource),
    ("sites", SiteResource),
    ("equipment", EquipmentResource),
    ("meter-readings", MeterReadingResource),
    ("reminders", ReminderResource),
]
