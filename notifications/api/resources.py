"""What every resource of the API shares: its rights, its filters and order, its pages, and how rows are written out."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError as Invalid
from django.db import models
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response

PER_PAGE, MOST = 50, 200
BIGGEST = 2**63 - 1
PAGING = ("order", "limit", "cursor")
LATEST = datetime(9990, 1, 1, tzinfo=UTC)
TRUTHS = {"": None, "true": True, "1": True, "false": False, "0": False}


class Time(serializers.DateTimeField):
    """A time, written in UTC; one that comes without a zone is meant in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)


class Shown(serializers.ModelSerializer):
    """A row as JSON. Names that it does not have are refused; those that cannot be written are left aside."""

    url = serializers.SerializerMethodField(help_text="Where the API has it.")
    html_url = serializers.SerializerMethodField(help_text="Its page.")
    serializer_field_mapping: ClassVar = serializers.ModelSerializer.serializer_field_mapping | {
        models.DateTimeField: Time
    }
    # The name of its addresses in the API.
    resource = ""

    def get_url(self, row: Any) -> str:
        """Its address here."""
        return self._whole(f"/api/v1/{self.resource}/{row.pk}/")

    def get_html_url(self, row: Any) -> str:
        """Its page."""
        return self._whole(row.get_absolute_url())

    def _whole(self, path: str) -> str:
        request = self.context.get("request")
        return request.build_absolute_uri(path) if request else path

    def to_internal_value(self, data: Any) -> Any:
        """As always, once every name is known."""
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            raise ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class Rows(filters.FilterSet):
    """What a list can be narrowed by: a filter that there is not is refused by its name."""


class Exactly(filters.DjangoFilterBackend):
    """Narrows by the filters of the resource; refuses every other name in the query."""

    def filter_queryset(self, request: Any, queryset: QuerySet, view: Any) -> QuerySet:
        """The rows that are left; raises ValidationError (400) naming what is wrong."""
        known = {*PAGING} if view.detail is False else set()
        if (filterset := self.get_filterset_class(view, queryset)) and known:
            known |= set(filterset.base_filters)
        if unknown := sorted(set(request.query_params) - known):
            there = f" There are: {', '.join(sorted(known))}." if known else ""
            raise ValidationError({name: [f"There is no such filter.{there}"] for name in unknown})
        return super().filter_queryset(request, queryset, view) if known else queryset


class Moment(filters.IsoDateTimeFilter):
    """A time; one that no calendar holds in UTC is refused."""

    class field_class(filters.IsoDateTimeFilter.field_class):
        def clean(self, value: Any) -> Any:
            """The time in UTC."""
            try:
                found = super().clean(value)
                return found.astimezone(UTC) if found else found
            except (OverflowError, ValueError) as fault:
                raise Invalid("This time cannot be: write one such as 2026-05-01T14:30:00Z.") from fault


@extend_schema_field(OpenApiTypes.INT64)
class Number(filters.NumberFilter):
    """The number (id) of a row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=BIGGEST, decimal_places=0, **kwargs)


class TrueOrFalse(filters.BooleanFilter):
    """True or false in any case, or 1 or 0; what is neither is refused."""

    class field_class(forms.NullBooleanField):
        def clean(self, value: Any) -> Any:
            """Which of them it is; None where nothing was written."""
            if (text := (value or "").lower()) not in TRUTHS:
                raise Invalid("Write true or false.")
            return TRUTHS[text]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The usual widget makes nothing of what it does not know.
        super().__init__(*args, widget=forms.TextInput, **kwargs)


class ByPlace(BasePagination):
    """Pages by where the last one ended, so that the thousandth costs as little as the first.

    `order` is one of the resource's `orders`, backwards with a minus; `limit` at most 200; `cursor` is what the
    address in `next` has, and means a place in that order.
    """

    def paginate_queryset(self, queryset: QuerySet, request: Any, view: Any = None) -> list[Any]:
        """The rows of one page; raises ValidationError naming the parameter that is wrong."""
        self.request, query = request, request.query_params
        self.limit = limit_of(query.get("limit", ""))
        self.order = query.get("order") or view.orders_first
        self.column = column_of(self.order, view.orders)
        self.backwards = self.order.startswith("-")
        sign = "-" if self.backwards else ""
        rows = queryset.order_by(*dict.fromkeys((f"{sign}{self.column}", f"{sign}pk")))
        if cursor := query.get("cursor"):
            rows = rows.filter(self._behind(queryset.model, cursor))
        found = list(rows[: self.limit + 1])
        self.more, self.page = len(found) > self.limit, found[: self.limit]
        return self.page

    def _behind(self, model: Any, cursor: str) -> Q:
        """The condition of coming after the row at which the last page ended."""
        order, value, pk = opened(cursor)
        if order != self.order:
            raise ValidationError({"cursor": [f"This cursor is of the order {order!r}: ask in the same order."]})
        to = "lt" if self.backwards else "gt"
        if self.column == "pk":
            return Q(**{f"pk__{to}": pk})
        try:
            value = _clean(model._meta.get_field(self.column), value)
        except (Invalid, TypeError, ValueError, OverflowError):
            raise ValidationError({"cursor": [NO_CURSOR]}) from None
        # The first condition is what an index is good for; the others settle it among equals.
        farther = Q(**{f"{self.column}__{to}": value}) | Q(**{f"pk__{to}": pk})
        return Q(**{f"{self.column}__{to}e": value}) & farther

    def get_paginated_response(self, data: Any) -> Response:
        """The rows, and where the next ones are (null at the end)."""
        return Response({"next": self._next(), "results": data})

    def _next(self) -> str | None:
        if not self.more:
            return None
        last = self.page[-1]
        value = None if self.column == "pk" else getattr(last, self.column)
        text = value.isoformat() if isinstance(value, datetime) else value
        cursor = base64.urlsafe_b64encode(json.dumps([self.order, text, last.pk]).encode()).decode().rstrip("=")
        query = self.request.query_params.copy()
        query["cursor"] = cursor
        return str(self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}"))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For the description of the API."""
        following = {
            "type": "string",
            "format": "uri",
            "nullable": True,
            "description": "The next rows; null at the end.",
        }
        properties = {"next": following, "results": schema}
        return {"type": "object", "required": ["next", "results"], "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The parameters of the query, for the description of the API."""
        orders = [sign + name for name in view.orders for sign in ("", "-")]
        return [
            _parameter("order", "In which order; backwards with a minus.", type="string", enum=orders),
            _parameter("limit", "How many rows.", type="integer", minimum=1, maximum=MOST, default=PER_PAGE),
            _parameter("cursor", "Where to go on: taken from the address in `next`.", type="string"),
        ]


NO_CURSOR = "This is no cursor: take it from the address in “next”."


def _parameter(name: str, words: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": words, "schema": schema}


def limit_of(text: str) -> int:
    """How many rows are asked for; raises ValidationError."""
    if not text:
        return PER_PAGE
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= MOST):
        raise ValidationError({"limit": [f"Write a whole number from 1 to {MOST}."]})
    return int(text)


def column_of(order: str, orders: Mapping[str, str]) -> str:
    """The column of an order that may be backwards; raises ValidationError."""
    if order.removeprefix("-") not in orders:
        raise ValidationError({"order": [f"There is no such order. There are: {', '.join(orders)}."]})
    return orders[order.removeprefix("-")]


def opened(cursor: str) -> tuple[str, Any, int]:
    """What a cursor holds: the order, the value and the pk of the last row; raises ValidationError."""
    try:
        order, value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise ValidationError({"cursor": [NO_CURSOR]}) from None
    if not isinstance(order, str) or type(pk) is not int or not 0 <= pk <= BIGGEST:
        raise ValidationError({"cursor": [NO_CURSOR]})
    return order, value, pk


def _clean(field: Any, value: Any) -> Any:
    """A value as the column takes it; raises Invalid, TypeError or ValueError."""
    if isinstance(value, str):
        value.encode()
    if value is None or isinstance(value, (list, dict)) or "\0" in str(value):
        raise Invalid(NO_CURSOR)
    found = field.to_python(value)
    if isinstance(found, datetime):
        if found.tzinfo is None or not datetime(1, 1, 3, tzinfo=UTC) < found < LATEST:
            raise Invalid(NO_CURSOR)
    elif isinstance(found, int) and abs(found) > BIGGEST:
        raise Invalid(NO_CURSOR)
    return found


class Resource(viewsets.GenericViewSet):
    """A kind of thing: `see` and `change` are rights, `orders` names what its list can be ordered by (no NULLs)."""

    see: ClassVar[str] = ""
    change: ClassVar[str] = ""
    orders: ClassVar[Mapping[str, str]] = {"id": "pk"}
    orders_first: ClassVar[str] = "id"
    lookup_value_regex = "[0-9]{1,18}"
    filter_backends: ClassVar = [Exactly]
    pagination_class = ByPlace

    def right(self) -> str:
        """The right that this request needs."""
        return self.see if self.request.method in SAFE_METHODS else self.change


class Whole(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    Resource,
):
    """A resource that is listed, read, made, changed field by field, and removed."""

    http_method_names: ClassVar = ["get", "post", "patch", "delete"]
