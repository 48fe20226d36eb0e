"""One's own reminders in the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from customers.reminders import actions
from customers.reminders.forms import ReminderForm
from customers.reminders.models import Reminder, of
from notifications.api.about import About
from notifications.api.by_form import WRITABLE_NUMBER, ByForm
from notifications.api.resources import Moment, Rows, TrueOrFalse, Whole


class Thing(About):
    """The object that a reminder is of, by its kind and id."""

    purpose = "to be reminded of"

    def found(self, kind: str, pk: int) -> Any:
        """The object; None for what is not there, or cannot be reminded of."""
        return of(kind, pk)


class ReminderRow(ByForm):
    """Something to think of at a time, for oneself or for a colleague, of any object or of none."""

    form, resource = ReminderForm, "reminders"
    user = serializers.IntegerField(
        source="user_id", required=False, help_text="The id of whom it is for; oneself if it is left out.",
        **WRITABLE_NUMBER,
    )  # fmt: skip
    created_by = serializers.IntegerField(source="created_by_id", read_only=True, help_text="The id of who made it.")
    thing = Thing(required=False, allow_null=True, help_text="What it is of; it stays so.")
    done = serializers.BooleanField(required=False, source="is_done", help_text="Whether it is done.")

    class Meta:
        model = Reminder
        fields: ClassVar = [
            "id", "url", "html_url", "text", "due_at", "user", "created_by", "thing", "about", "done", "done_at",
            "created_at",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["about", "done_at", "created_at"]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """As the form has it; the object stays the one that it was made for."""
        self.of, self.is_done = given.pop("thing", None), given.pop("is_done", None)
        if self.instance is not None and self.of is not None and self.of != self.instance.thing:
            raise ValidationError({"thing": ["A reminder stays with what it is of."]})
        if "user_id" in given:
            given["user"] = given.pop("user_id")
            if not get_user_model().objects.filter(pk=given["user"]).exists():
                raise ValidationError({"user": ["There is no such user."]})
        return super().validate(given)

    def blank(self, data: Any = None) -> ReminderForm:
        """The form of this reminder, or of a new one by who asks."""
        return ReminderForm(data, instance=self.instance, by=self.context["request"].user)

    def keep(self) -> Reminder:
        """By the actions of the page."""
        row = actions.put(self.filled.save(commit=False), None if self.instance else self.of)
        if self.is_done:
            actions.done(row, self.context["request"].user, timezone.now())
        elif self.is_done is False:
            actions.undone(row)
        return row


class ReminderRows(Rows):
    """Reminders by whether they are done, whom they are for, and when they come."""

    open = TrueOrFalse(field_name="done_at", lookup_expr="isnull", label="Those not done, or done.")
    mine = TrueOrFalse(method="for_me", label="Those for oneself, or those that one made for others.")
    due_after = Moment(field_name="due_at", lookup_expr="gte")
    due_before = Moment(field_name="due_at", lookup_expr="lt")

    def for_me(self, rows: Any, name: str, value: bool) -> Any:
        """By whom they are for."""
        own = {"user": self.request.user.pk}
        return rows.filter(**own) if value else rows.exclude(**own)


class ReminderResource(Whole):
    """One's own reminders, and those that one made for colleagues: nobody else's."""

    see = change = "customers.view"
    queryset = Reminder.objects.prefetch_related("thing")
    serializer_class, filterset_class = ReminderRow, ReminderRows
    orders: ClassVar = {"due": "due_at", "id": "pk"}
    orders_first = "due"

    def get_queryset(self) -> Any:
        """Those of whoever asks."""
        return super().get_queryset().seen_by(self.request.user)

    def perform_destroy(self, instance: Reminder) -> None:
        """By the action of the page."""
        actions.delete(instance)
