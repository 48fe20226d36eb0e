"""Readings of meters in the API, so that the machines that count can write them down themselves."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import mixins, serializers
from rest_framework.exceptions import ValidationError

from customers.equipment.models import Equipment, Unit
from customers.meters import actions
from customers.meters.forms import ReadingForm
from customers.meters.models import MeterReading
from notifications.api.by_form import WRITABLE_NUMBER
from notifications.api.resources import Moment, Number, Resource, Rows, Shown, Time, TrueOrFalse


class MeterReadingRow(Shown):
    """What a meter said at a time. The first reading of a piece of equipment says the unit: hours or gigabytes.

    A value that is lower than the one before it is refused, unless the meter was `replaced`. The same reading once
    more is the one that is there.
    """

    resource = "meter-readings"
    equipment = serializers.IntegerField(source="equipment_id", **WRITABLE_NUMBER)
    value = serializers.FloatField(min_value=0, help_text="Finer than a tenth is cut off.")
    unit = serializers.ChoiceField(choices=Unit.choices, required=False, source="equipment.meter_unit")
    read_at = Time(required=False, help_text="Now, if it is left out.")
    by = serializers.IntegerField(source="by_id", read_only=True, allow_null=True, help_text="The id of the user.")

    class Meta:
        model = MeterReading
        fields: ClassVar = ["id", "url", "html_url", "equipment", "value", "unit", "read_at", "replaced", "note", "by"]
        validators: ClassVar[list] = []

    def create(self, given: dict[str, Any]) -> MeterReading:
        """By the form of the page; raises ValidationError by its fields."""
        equipment = Equipment.objects.filter(pk=given.pop("equipment_id")).first()
        if equipment is None:
            raise ValidationError({"equipment": ["There is no such equipment."]})
        unit = given.pop("equipment", {}).get("meter_unit", "")
        if read_at := given.get("read_at"):
            given["read_at"] = read_at.isoformat()
        data = given | {"unit": unit or equipment.meter_unit}
        form = ReadingForm(data, equipment=equipment, by=self.context["request"].user)
        if not form.write():
            raise ValidationError({name: list(messages) for name, messages in form.errors.items()})
        return form.instance  # type: ignore[no-any-return]


class MeterReadingRows(Rows):
    """Readings by equipment and time."""

    equipment = Number(field_name="equipment_id")
    read_after = Moment(field_name="read_at", lookup_expr="gte")
    read_before = Moment(field_name="read_at", lookup_expr="lt")
    replaced = TrueOrFalse(label="Those with which a new meter began, or the others.")


class MeterReadingResource(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.DestroyModelMixin,
    Resource,
):
    """What meters said: hours run, gigabytes carried. Deleting takes a reading back that was a mistake."""

    see, change = "customers.view", "customers.read_meters"
    queryset = MeterReading.objects.select_related("equipment")
    serializer_class, filterset_class = MeterReadingRow, MeterReadingRows
    orders: ClassVar = {"read": "read_at", "id": "pk"}
    orders_first = "-read"

    def get_queryset(self) -> Any:
        """All; to be taken back one's own, and those of others by who may change the network."""
        rows = super().get_queryset()
        return rows.filter(actions.may_take_back(self.request.user)) if self.request.method == "DELETE" else rows

    def perform_destroy(self, instance: MeterReading) -> None:
        """By the action of the page."""
        actions.take_back(instance)
