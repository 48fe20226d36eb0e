"""Subscriptions in the API: by the forms and actions of the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response

from notifications import actions, dry_run, recipients
from notifications.api.about import About
from notifications.api.resources import BIGGEST, Rows, Shown, Time, Whole
from notifications.event import Event, concerning, declared, offered
from notifications.models import Subscription
from notifications.terms import LONGEST_WAIT, MOST_TAGS, OTHERS, Reach, TermsForm

SWITCHES = ("involved", "own_acts", "now_too")
TERMS = ("tags_in", "tags_out", "channels", *SWITCHES, "escalate_after")


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


class Names(serializers.ListField):
    """Several short names, such as tags."""

    child = serializers.CharField(max_length=100)


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
    tags_in = Names(required=False, max_length=MOST_TAGS, help_text="Only with one of these tags.")
    tags_out = Names(required=False, max_length=MOST_TAGS, help_text="With none of these tags.")
    channels = Names(
        required=False, max_length=20, help_text="By which channels, of those that reach the recipient; none: defaults."
    )
    involved = serializers.BooleanField(required=False, help_text="Only what involves the recipient.")
    own_acts = serializers.BooleanField(required=False, help_text="Also what the recipient did.")
    now_too = serializers.BooleanField(required=False, help_text="Also what was true already when it was asked for.")
    escalate_after = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LONGEST_WAIT,
        help_text="After so many minutes without an acknowledgement it goes on to a louder channel.",
    )  # fmt: skip

    class Meta:
        model = Subscription
        fields: ClassVar = [
            "id", "url", "event", "recipient_kind", "recipient_key", "about", "asked", *TERMS, "created_at",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["created_at"]
        validators: ClassVar[list] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        events = [event for event in declared().values() if event.is_offered]
        self.fields["event"].choices = [(event.key, event.label) for event in events]
        self.fields["recipient_kind"].choices = [(kind.kind, kind.label) for kind in recipients.kinds().values()]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """What is asked by the form of the page; who and what of stay as they are."""
        fixed = ("event", "recipient_kind", "recipient_key", "about")
        if self.instance and (other := [name for name in fixed if name in given]):
            raise ValidationError({name: ["This cannot be changed: make another subscription."] for name in other})
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

    def _terms(self, event: Event, given: dict[str, Any]) -> dict[str, Any]:
        row = self.instance or Subscription(event=event.key)
        asked, names = given.get("asked", row.asked), {ask.name for ask in event.asks}
        if unknown := sorted(set(asked) - names):
            raise ValidationError({"asked": [f"{event.label} does not ask for {', '.join(unknown)}."]})
        wanted = {name: given.get(name, getattr(row, name)) for name in TERMS}
        form = TermsForm(event, row, Reach.of(self.to, self.context["request"].user), data=_as_sent(asked, wanted))
        refused = [name for name in TERMS if name not in form.options and wanted[name] != getattr(row, name)]
        if refused:
            raise ValidationError({name: [_not_offered(name, event)] for name in refused})
        if not form.is_valid():
            faults = {("asked" if name in names else name): list(texts) for name, texts in form.errors.items()}
            raise ValidationError(faults)
        return form.terms

    def tried(self) -> Subscription:
        """A subscription as it would be, not saved; of what is valid."""
        about, event = self.validated_data.get("about"), self.validated_data["event"]
        return Subscription(event=event, recipient_kind=self.to[0], recipient_key=self.to[1], about=about, **self.terms)

    @transaction.atomic
    def create(self, given: dict[str, Any]) -> Subscription:
        """By the actions of the page; one that is there already is changed to what is asked."""
        by, about, event = self.context["request"].user, given.get("about"), given["event"]
        actions.choose(self.to, about, {event: self.terms}, [event], by)
        row: Subscription = Subscription.objects.to(self.to).about(about).get(event=event)
        return row

    def update(self, row: Subscription, given: dict[str, Any]) -> Subscription:
        """By the action of the page."""
        actions.change(row, self.context["request"].user, **self.terms)
        row.refresh_from_db()
        return row


def _as_sent(asked: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The same as a browser sends it."""
    tags = {name: ", ".join(wanted[name]) for name in ("tags_in", "tags_out")}
    return {**asked, **wanted, **tags}


def _not_offered(name: str, event: Event) -> str:
    if name == "escalate_after":
        return "Only administrators say it, or those on duty of what they hear by that."
    if name == "involved":
        return f"{event.label}: that involves nobody in particular."
    return f"{event.label}: that is not there already when it is asked for."


class HitRow(serializers.Serializer):
    """One notice that would have been sent."""

    at = Time()
    text = serializers.CharField()
    link = serializers.CharField(help_text="The page of what it is about, from the root of the site.")
    about = serializers.CharField(help_text="Whom or what that belongs to, in words.")


class DryRunRow(serializers.Serializer):
    """What a subscription would have sent in the last 30 days."""

    count = serializers.IntegerField(help_text="How many notices; counting ends at 500.")
    more = serializers.BooleanField(help_text="There are more than were counted.")
    known = serializers.BooleanField(help_text="Is it kept at all when such a thing happened?")
    first = HitRow(many=True, help_text="The newest, at most 20.")
    dropped = serializers.DictField(child=serializers.IntegerField(), help_text="How many not, by the reason.")
    channels = serializers.ListField(child=serializers.CharField(), source="ways")
    people = serializers.IntegerField(help_text="How many are meant at this moment.")
    unknown_tags = serializers.ListField(child=serializers.CharField(), help_text="Tags that nothing has.")


class SubscriptionRows(Rows):
    """Subscriptions by event and by who hears."""

    event = filters.CharFilter(max_length=60)
    recipient_kind = filters.CharFilter(max_length=20)
    recipient_key = filters.CharFilter(max_length=40)


class SubscriptionResource(Whole):
    """One's own subscriptions; administrators have those of everybody, and whoever it is done to is told."""

    queryset = Subscription.objects.prefetch_related("about")
    serializer_class, filterset_class = SubscriptionRow, SubscriptionRows

    def get_queryset(self) -> Any:
        """Those that one may see: one's own, or everybody's."""
        rows = super().get_queryset().filter(off=False, event__in=offered())
        if self.request.user.has_perm(OTHERS):
            return rows
        return rows.filter(recipient_kind=recipients.PERSON, recipient_key=str(self.request.user.pk))

    def perform_destroy(self, instance: Subscription) -> None:
        """By the action of the page."""
        actions.unsubscribe(instance, self.request.user)

    @extend_schema(responses=DryRunRow, filters=False)
    @action(detail=True, methods=["get"], url_path="dry-run")
    def sent(self, request: Any, pk: str | None = None) -> Response:
        """What it would have sent in the last 30 days, had it been there."""
        return Response(DryRunRow(dry_run.run(self.get_object(), timezone.now())).data)

    @extend_schema(request=SubscriptionRow, responses=DryRunRow)
    @action(detail=False, methods=["post"], url_path="dry-run")
    def try_out(self, request: Any) -> Response:
        """What a new one would have sent in the last 30 days; nothing is saved."""
        row = self.get_serializer(data=request.data)
        row.is_valid(raise_exception=True)
        return Response(DryRunRow(dry_run.run(row.tried(), timezone.now())).data)
