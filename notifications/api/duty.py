"""Who is on duty, in the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db.models import Case, CharField, Value, When
from django.utils import timezone
from rest_framework import mixins, serializers

from notifications.api.resources import Moment, Resource, Rows
from notifications.duty import on_duty

FIRST, SECOND, INSTEAD = "first", "second", "instead"
LATEST_YEAR = 2200


class DutyRow(serializers.ModelSerializer):
    """One of those who are called at a moment."""

    name = serializers.CharField(source="__str__")
    called = serializers.ChoiceField(
        choices=[FIRST, SECOND, INSTEAD],
        help_text="First; second, where the first does not answer; or, as an administrator, instead of nobody.",
    )

    class Meta:
        model = get_user_model()
        fields: ClassVar = ["id", "name", "called"]
        read_only_fields: ClassVar = fields


class DutyRows(Rows):
    """Those of one moment."""

    at = Moment(method="leave", label="The moment that is meant; now if it is left out.")

    def leave(self, queryset: Any, name: str, value: Any) -> Any:
        """The moment counts below, also where it is left out."""
        return queryset

    def filter_queryset(self, queryset: Any) -> Any:
        """The people called at the moment, each with how."""
        when = self.form.cleaned_data.get("at") or timezone.now()
        duty = on_duty.at(when) if 1900 < when.year < LATEST_YEAR else on_duty.OnDuty([], [])
        people = duty.in_order or on_duty.last_resort()
        called = Case(
            When(pk__in=[one.pk for one in duty.first], then=Value(FIRST)),
            When(pk__in=[one.pk for one in duty.second], then=Value(SECOND)),
            default=Value(INSTEAD),
            output_field=CharField(),
        )
        return queryset.filter(pk__in=[one.pk for one in people]).annotate(called=called)


class DutyResource(mixins.ListModelMixin, Resource):
    """Who is on duty now, or at another moment (`at`); where nobody is, the administrators, who are told instead."""

    see: ClassVar = "notifications.view_duty"
    queryset = get_user_model().objects.all()
    serializer_class, filterset_class = DutyRow, DutyRows
