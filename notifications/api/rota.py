"""The rota in the API: who is on duty every week, and who stands in on some dates."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import IntegerChoices
from django.utils import timezone
from rest_framework import serializers

from notifications.api.by_form import Link, LinkedByForm
from notifications.api.resources import Moment, Number, Resource, Rows, Whole
from notifications.duty import actions
from notifications.duty.forms import CoverForm, TurnForm
from notifications.duty.models import Cover, Day, Rank, Turn

DAYS = [day.lower() for day in Day.labels]


class Word(serializers.ChoiceField):
    """One of few numbers, by its label in small letters."""

    def __init__(self, of: type[IntegerChoices], **kwargs: Any) -> None:
        self.values = {label.lower(): value for value, label in of.choices}
        super().__init__(choices=list(self.values), **kwargs)

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        return self.values[super().to_internal_value(data)]

    def to_representation(self, value: int) -> str:
        """Its word."""
        return next(word for word, number in self.values.items() if number == value)


class _DutyRow(LinkedByForm):
    """Saved as the page does: whoever is put on duty by somebody else, or taken off it, is told."""

    html_url = None
    person = Link("person_id", required=True, allow_null=False, help_text="The number (id) of a user.")
    name = serializers.CharField(source="person.__str__", read_only=True)
    rank = Word(Rank, required=False, help_text="First if it is left out; second is told where the first is silent.")

    def keep(self) -> Any:
        """By the action of the page."""
        row = self.filled.save(commit=False)
        actions.save(row, self.context["request"].user, timezone.now())
        return row


class TurnRow(_DutyRow):
    """Somebody's part of every week, by the clock of the house; from a time to the same one is all week."""

    resource = "duty/turns"
    form = TurnForm
    from_day = Word(Day)
    to_day = Word(Day)

    class Meta:
        model = Turn
        fields: ClassVar = ["id", "url", "person", "name", "rank", "from_day", "from_time", "to_day", "to_time"]


class CoverRow(_DutyRow):
    """From one time to another somebody stands in for whoever has this rank by the rota."""

    resource = "duty/covers"
    form = CoverForm

    class Meta:
        model = Cover
        fields: ClassVar = ["id", "url", "person", "name", "rank", "starts_at", "ends_at", "note"]
        # That it ends after it begins is the form's to say, in words.
        validators: ClassVar[list] = []


class TurnRows(Rows):
    """Turns by whose they are."""

    person = Number(field_name="person_id")


class CoverRows(TurnRows):
    """Covers by whose they are, and when."""

    ends_after = Moment(field_name="ends_at", lookup_expr="gte")
    starts_before = Moment(field_name="starts_at", lookup_expr="lt")


class _DutyResource(Whole):
    see: ClassVar = "notifications.view_duty"
    change: ClassVar = "notifications.change_duty"

    def perform_destroy(self, instance: Any) -> None:
        """By the action of the page."""
        actions.remove(instance, self.request.user, timezone.now())


class TurnResource(_DutyResource):
    """The weekly rota: its turns."""

    queryset = Turn.objects.select_related("person")
    serializer_class, filterset_class = TurnRow, TurnRows


class CoverResource(_DutyResource):
    """Who stands in, on dates."""

    queryset = Cover.objects.select_related("person")
    serializer_class, filterset_class = CoverRow, CoverRows
    orders: ClassVar = {"starts": "starts_at", "id": "pk"}


RESOURCES: list[tuple[str, type[Resource]]] = [("duty/turns", TurnResource), ("duty/covers", CoverResource)]
