"""Objects of any kind in the API, as what a subscription, a mute or a plan is about."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from notifications.api.resources import BIGGEST
from notifications.event import declared


@extend_schema_field(
    {
        "type": "object",
        "nullable": True,
        "required": ["kind", "id"],
        "properties": {
            "kind": {"type": "string", "description": "Such as customers.customer."},
            "id": {"type": "integer", "format": "int64", "minimum": 1, "maximum": BIGGEST},
        },
    }
)
class About(serializers.Field):
    """One object by its kind and id; null for all of the event's kind. `purpose` is what it is named for."""

    purpose = "to hear of"

    def to_representation(self, value: Any) -> dict[str, Any] | None:
        """The kind by its label in small letters."""
        return {"kind": value._meta.label_lower, "id": value.pk}

    def to_internal_value(self, data: Any) -> Any:
        """The object; raises ValidationError for what is none, or is not there."""
        kind, pk = (data.get("kind"), data.get("id")) if isinstance(data, dict) else (None, None)
        if not isinstance(kind, str) or type(pk) is not int or not 0 < pk <= BIGGEST:
            raise ValidationError('Write it as {"kind": "customers.customer", "id": 1}.')
        thing = self.found(kind, pk)
        if thing is None:
            raise ValidationError(f"There is no {kind[:100]} {pk} {self.purpose}.")
        return thing

    def found(self, kind: str, pk: int) -> Any:
        """The object; None for what is not there, or has no events."""
        models = {label.lower(): label for label in self.labels()}
        return apps.get_model(models[kind])._base_manager.filter(pk=pk).first() if kind in models else None

    def labels(self) -> set[str]:
        """The models of which there is something to hear, and that have pages."""
        found = {label for event in declared().values() for label in (event.of, *event.within) if event.happens}
        return {label for label in found if hasattr(apps.get_model(label), "get_absolute_url")}
