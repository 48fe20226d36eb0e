"""One's own inbox, and subscriptions, in the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response

from notifications import actions, recipients
from notifications.api.resources import BIGGEST, Moment, Resource, Rows, Shown
from notifications.event import concerning, declared
from notifications.forms import TermsForm
from notifications.models import Notice, Subscription
from notifications.reading import read

OTHERS = "notifications.subscribe_others"


class NoticeRow(Shown):
    """One thing that was told."""

    resource = "notices"
    link = serializers.CharField(help_text="The page of what it is about, from the root of the site.")

    class Meta:
        model = Notice
        fields: ClassVar = ["id", "url", "event", "text", "tone", "link", "due_at", "created_at", "read_at"]
        read_only_fields: ClassVar = fields

    html_url = None


class NoticeRows(Rows):
    """Notices by event and whether they are read."""

    unread = filters.BooleanFilter(field_name="read_at", lookup_expr="isnull", label="Not opened yet, or opened.")
    event = filters.CharFilter(max_length=60)
    due_after = Moment(field_name="due_at", lookup_expr="gte")
    due_before = Moment(field_name="due_at", lookup_expr="lt")


class NoticeResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """One's own inbox: nobody else's."""

    queryset = Notice.objects.all()
    serializer_class, filterset_class = NoticeRow, NoticeRows
    orders: ClassVar = {"due": "due_at", "id": "pk"}
    orders_first = "-due"

    def get_queryset(self) -> Any:
        """What was told to whoever asks."""
        return Notice.objects.to(self.request.user).told(timezone.now())

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def read(self, request: Any, pk: str | None = None) -> Response:
        """Mark it as read."""
        read(self.get_object(), request.user, timezone.now())
        return Response(self.get_serializer(self.get_object()).data)


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
    """One object by its kind and id; null for all of the event's kind."""

    def to_representation(self, value: Any) -> dict[str, Any] | None:
        """The kind by its label in small letters."""
        return {"kind": value._meta.label_lower, "id": value.pk}

    def to_internal_value(self, data: Any) -> Any:
        """The object; raises ValidationError for what has no events, or is not there."""
        kind, pk = (data.get("kind"), data.get("id")) if isinstance(data, dict) else (None, None)
        if not isinstance(kind, str) or type(pk) is not int or not 0 < pk <= BIGGEST:
            raise ValidationError('Write it as {"kind": "customers.customer", "id": 1}.')
        models = {label.lower(): label for label in _labels()}
        thing = apps.get_model(models[kind])._base_manager.filter(pk=pk).first() if kind in models else None
        if thing is None:
            raise ValidationError(f"There is no {kind[:100]} {pk} to hear of.")
        return thing


def _labels() -> set[str]:
    return {label for event in declared().values() for label in (event.of, *event.within)}


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": -BIGGEST, "maximum": BIGGEST},
            {"type": "string", "maxLength": 100},
            {"type": "array", "items": {"type": "integer", "minimum": -BIGGEST, "maximum": BIGGEST}, "maxItems": 20},
        ]
    }
)
class Chosen(serializers.Field):
    """What is chosen of one thing that an event asks for: a whole number, several of them, or a text."""

    def to_internal_value(self, data: Any) -> Any:
        """As it came; the form of the page judges it."""
        numbers = data if isinstance(data, list) else [data]
        is_text = isinstance(data, str) and len(data) <= 100
        if not is_text and not (len(numbers) <= 20 and all(type(one) is int for one in numbers)):
            raise ValidationError("A whole number, a list of whole numbers or a text of at most 100 signs is wanted.")
        return ", ".join(map(str, data)) if isinstance(data, list) else data

    def to_representation(self, value: Any) -> Any:
        """As it is kept."""
        return value


class SubscriptionRow(Shown):
    """Somebody hears of an event: of all objects of its kind, or of one (`about`) and what belongs to it."""

    resource = "subscriptions"
    html_url = None
    event = serializers.ChoiceField(choices=[])
    recipient_kind = serializers.ChoiceField(choices=[], required=False, help_text="Oneself if it is left out.")
    recipient_key = serializers.CharField(max_length=40, required=False, help_text="The id of the user, or the role.")
    about = About(required=False, allow_null=True)
    asked = serializers.DictField(
        child=Chosen(), required=False, help_text="What the event asks for, by name, such as how many customers.",
    )  # fmt: skip
    tags_in = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=30)
    tags_out = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=30)

    class Meta:
        model = Subscription
        fields: ClassVar = [
            "id", "url", "event", "recipient_kind", "recipient_key", "about", "asked", "tags_in", "tags_out",
            "created_at",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["created_at"]
        validators: ClassVar[list] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event"].choices = [(event.key, event.label) for event in declared().values()]
        self.fields["recipient_kind"].choices = [(kind.kind, kind.label) for kind in recipients.kinds().values()]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """What is asked by the form of the page; who and what of stay as they are."""
        fixed = ("event", "recipient_kind", "recipient_key", "about")
        if self.instance and (other := [name for name in fixed if name in given]):
            raise ValidationError({name: ["Only asked, tags_in and tags_out can be changed."] for name in other})
        self.to = self._recipient(given)
        event, about = declared()[self.instance.event if self.instance else given["event"]], given.get("about")
        if about is not None and event not in concerning(about._meta.label):
            raise ValidationError({"about": [f"{event.label}: that never happens to such an object."]})
        self.terms = self._terms(event, given)
        return given

    def _recipient(self, given: dict[str, Any]) -> tuple[str, str]:
        """Who is to hear; raises PermissionDenied for others without the right to, ValidationError for nobody."""
        mine = (recipients.PERSON, str(self.context["request"].user.pk))
        kind, key = given.get("recipient_kind", mine[0]), given.get("recipient_key", mine[1])
        to = self.instance.recipient if self.instance else (kind, key)
        if to != mine and not self.context["request"].user.has_perm(OTHERS):
            raise PermissionDenied("Only administrators say what others hear of.")
        if not self.instance and key not in dict(recipients.kinds()[kind].choices()):
            raise ValidationError({"recipient_key": ["There is no such recipient."]})
        return to

    def _terms(self, event: Any, given: dict[str, Any]) -> dict[str, Any]:
        row = self.instance or Subscription(event=event.key)
        asked = given.get("asked", row.asked)
        if unknown := sorted(set(asked) - {ask.name for ask in event.asks}):
            raise ValidationError({"asked": [f"{event.label} does not ask for {', '.join(unknown)}."]})
        data = {f"ask_{name}": number for name, number in asked.items()}
        data |= {name: ", ".join(given.get(name, getattr(row, name))) for name in ("tags_in", "tags_out")}
        form = TermsForm(event, row, data=data)
        if not form.is_valid():
            raise ValidationError({_field(name): list(texts) for name, texts in form.errors.items()})
        return form.terms

    @transaction.atomic
    def create(self, given: dict[str, Any]) -> Subscription:
        """By the actions of the page; one that is there already is changed to what is asked."""
        by, about, event = self.context["request"].user, given.get("about"), given["event"]
        actions.choose(self.to, about, {event: self.terms["asked"]}, [event], by)
        row: Subscription = Subscription.objects.to(self.to).about(about).get(event=event)
        return self.update(row, given)

    def update(self, row: Subscription, given: dict[str, Any]) -> Subscription:
        """By the action of the page."""
        actions.change(row, self.context["request"].user, **self.terms)
        row.refresh_from_db()
        return row


def _field(name: str) -> str:
    return "asked" if name.startswith("ask_") else name


class SubscriptionRows(Rows):
    """Subscriptions by event and by who hears."""

    event = filters.CharFilter(max_length=60)
    recipient_kind = filters.CharFilter(max_length=20)
    recipient_key = filters.CharFilter(max_length=40)


class SubscriptionResource(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    Resource,
):
    """One's own subscriptions; administrators have those of everybody, and whoever it is done to is told."""

    queryset = Subscription.objects.prefetch_related("about")
    serializer_class, filterset_class = SubscriptionRow, SubscriptionRows
    http_method_names: ClassVar = ["get", "post", "patch", "delete"]

    def get_queryset(self) -> Any:
        """Those that one may see: one's own, or everybody's."""
        rows = super().get_queryset().filter(off=False, event__in=declared())
        if self.request.user.has_perm(OTHERS):
            return rows
        return rows.filter(recipient_kind=recipients.PERSON, recipient_key=str(self.request.user.pk))

    def perform_destroy(self, instance: Subscription) -> None:
        """By the action of the page."""
        actions.unsubscribe(instance, self.request.user)


RESOURCES: list[tuple[str, type[Resource]]] = [("notices", NoticeResource), ("subscriptions", SubscriptionResource)]
