"""Customers, contacts, sites and equipment as JSON: what is shown of them, and what may be written."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from customers.equipment.forms import EquipmentForm
from customers.equipment.models import Equipment
from customers.people.forms import ContactForm, CustomerForm, SiteForm
from customers.people.models import Contact, Customer, Site
from notifications.api.by_form import ByForm, Link, LinkedByForm


class TagList(serializers.ListField):
    """Tags, as a list of their names."""

    child = serializers.CharField(max_length=100)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=50, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        """The names; a comma would make two of one."""
        names: list[str] = super().to_internal_value(data)
        if any("," in name for name in names):
            raise ValidationError("A tag has no comma in it.")
        return names

    def to_representation(self, data: Any) -> list[str]:
        """Sorted."""
        return sorted(tag.name for tag in data.all())


class Belonging(LinkedByForm):
    """A row that is made for another one, the link `to`, and stays with it."""

    form: ClassVar[type[forms.ModelForm]]
    to: ClassVar[str]

    def blank(self, data: Any = None) -> Any:
        """The form of this row, or of a new one of its owner."""
        return self.form(data, instance=self.instance or self.Meta.model(**{self.to: self.owner}))

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """As the form has it, for an owner that there is; raises ValidationError for another one than it has."""
        key, model = given.pop(self.to, None), self.Meta.model
        if self.instance is not None and key not in (None, getattr(self.instance, f"{self.to}_id")):
            raise ValidationError({self.to: [f"A {model._meta.verbose_name} stays with its {self.to}."]})
        owners = model._meta.get_field(self.to).related_model.objects
        self.owner = None if self.instance else owners.filter(pk=key).first()
        if self.instance is None and self.owner is None:
            raise ValidationError({self.to: [f"There is no {self.to} {key}."]})
        return super().validate(given)


class CustomerRow(ByForm):
    """A customer."""

    form, resource = CustomerForm, "customers"
    tags = TagList()

    class Meta:
        model = Customer
        fields: ClassVar = [
            "id", "url", "html_url", "name", "given_name", "family_name", "company_name", "account", "email", "phone",
            "street", "town", "notes", "suspended", "tags", "state", "state_since", "created_at", "archived_at",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["name", "state", "state_since", "created_at", "archived_at"]


class ContactRow(Belonging):
    """Somebody to talk to at a customer."""

    form, resource, to = ContactForm, "contacts", "customer"
    customer = Link(source="customer_id", required=True, allow_null=False)

    class Meta:
        model = Contact
        fields: ClassVar = ["id", "url", "html_url", "customer", "name", "duty", "phone", "email"]


class SiteRow(LinkedByForm):
    """A place: a tower or POP of ours, or a customer's premises."""

    form, resource = SiteForm, "sites"
    customer = Link(source="customer_id")
    tags = TagList()

    class Meta:
        model = Site
        fields: ClassVar = [
            "id", "url", "html_url", "name", "kind", "customer", "street", "town", "latitude", "longitude", "notes",
            "tags", "created_at", "archived_at",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["created_at", "archived_at"]


class EquipmentRow(LinkedByForm):
    """One device: a router, a radio, a customer's CPE."""

    form, resource = EquipmentForm, "equipment"
    uplink = Link(source="uplink_id", help_text="The id of the device that it hangs on.")
    site = Link(source="site_id")
    customer = Link(source="customer_id")
    address = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=60)
    mac = serializers.CharField(required=False, allow_blank=True, max_length=40)
    meter = serializers.FloatField(read_only=True, allow_null=True, help_text="Its newest reading: see meter-readings.")
    meter_unit = serializers.CharField(read_only=True, help_text="h for hours, GB for gigabytes; empty: never read.")
    tags = TagList()

    class Meta:
        model = Equipment
        fields: ClassVar = [
            "id", "url", "html_url", "name", "kind", "address", "mac", "uplink", "site", "customer", "vendor", "model",
            "serial", "warranty_until", "meter", "meter_unit", "meter_at", "notes", "tags", "state", "state_since",
            "created_at", "archived_at",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["meter_at", "state", "state_since", "created_at", "archived_at"]
