"""The reference of all events in the API."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from notifications import reference
from notifications.api.resources import NO_CURSOR, PAGING, Resource, column_of, limit_of, opened
from notifications.models import Subscription

LONGEST = 100


class AskRow(serializers.Serializer):
    """Something that an event asks its subscribers."""

    name = serializers.CharField()
    label = serializers.CharField()
    default = serializers.JSONField()


class EventRow(serializers.Serializer):
    """One kind of change that somebody can be told of."""

    key = serializers.CharField(source="event.key")
    label = serializers.CharField(source="event.label")
    of = serializers.CharField(source="event.of", help_text="The kind of its objects.")
    within = serializers.ListField(child=serializers.CharField(), source="event.within")
    kind = serializers.CharField(
        help_text="At once, lead times, unless it changes, threshold, written or several events."
    )
    audience = serializers.CharField(source="event.audience.value")
    says = serializers.CharField(source="event.says")
    asks = AskRow(many=True, source="event.asks")
    defaults = serializers.ListField(child=serializers.CharField(), source="event.defaults")
    offered = serializers.BooleanField(source="event.is_offered", help_text="Can one subscribe to it?")
    involves = serializers.SerializerMethodField(help_text="Has it people whom it involves?")
    listeners = serializers.IntegerField(source="listens", help_text="How many users hear it of all objects.")
    of_single = serializers.IntegerField(source="of_some", help_text="How many subscriptions to single objects.")

    def get_involves(self, entry: reference.Entry) -> bool:
        """Has it people whom it involves?"""
        return entry.event.people is not None


class EventResource(Resource):
    """Every event that there is, by its key."""

    queryset = Subscription.objects.none()
    serializer_class = EventRow
    orders: ClassVar = {"key": "key"}
    orders_first = "key"
    filter_backends: ClassVar = []
    http_method_names: ClassVar = ["get"]

    @extend_schema(parameters=[OpenApiParameter("q", str, description="Words in its name, key or text.")])
    def list(self, request: Any) -> Response:
        """Events, each with what it asks, what it says and how many hear it."""
        query = request.query_params
        if unknown := sorted(set(query) - {*PAGING, "q"}):
            raise ValidationError({name: ["There is no such filter. There are: q."] for name in unknown})
        limit, order = limit_of(query.get("limit", "")), query.get("order") or self.orders_first
        column_of(order, self.orders)
        if len(query.get("q", "")) > LONGEST:
            raise ValidationError({"q": [f"At most {LONGEST} signs."]})
        found = sorted(reference.entries(query.get("q", "")), key=_key, reverse=order.startswith("-"))
        rest = _behind(found, order, query.get("cursor", ""))
        shown, more = rest[:limit], len(rest) > limit
        following = _next(request, order, shown[-1]) if more else None
        return Response({"next": following, "results": self.get_serializer(shown, many=True).data})


def _key(entry: reference.Entry) -> str:
    return entry.event.key


def _behind(found: Sequence[reference.Entry], order: str, cursor: str) -> Sequence[reference.Entry]:
    if not cursor:
        return found
    of_order, last, _ = opened(cursor)
    if of_order != order or not isinstance(last, str):
        raise ValidationError({"cursor": [NO_CURSOR]})
    return [one for one in found if (_key(one) < last if order.startswith("-") else _key(one) > last)]


def _next(request: Any, order: str, last: reference.Entry) -> str:
    query = request.query_params.copy()
    query["cursor"] = base64.urlsafe_b64encode(json.dumps([order, _key(last), 0]).encode()).decode().rstrip("=")
    return str(request.build_absolute_uri(f"{request.path}?{query.urlencode()}"))
