"""One's own addresses in the API: where one is reached, without any secret."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import PermissionDenied as NoRight
from django.db.models import Q
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response

from notifications import recipients, verifying
from notifications.address_forms import AddressForm
from notifications.api.resources import Resource, Rows, Shown, Whole
from notifications.channels.channel import DeliveryError, named
from notifications.delivery import addressing
from notifications.models import Address

ANOTHER = "Add another address instead."
STAYS = "The inbox is everybody's: it is neither changed nor removed."


class AddressRow(Shown):
    """Where a channel reaches whoever asks. It is added with what the form of its channel asks for, as `fields`."""

    resource = "addresses"
    html_url = None
    channel = serializers.ChoiceField(choices=[])
    fields = serializers.DictField(
        source="data",
        child=serializers.CharField(max_length=1000),
        write_only=True,
        required=False,
        help_text="By the name of the field: number of sms, mailbox of email, url of webhook and apprise.",
    )
    shown = serializers.SerializerMethodField(help_text="What may be shown of where it leads.")
    verified = serializers.SerializerMethodField(help_text="Was its code typed in? Nothing is sent there before.")
    label = serializers.CharField(max_length=80, required=False, allow_blank=True)

    class Meta:
        model = Address
        fields: ClassVar = [
            "id", "url", "channel", "fields", "shown", "label", "by_default", "wanted", "given", "verified", "off_at",
            "off_reason", "since",
        ]  # fmt: skip
        read_only_fields: ClassVar = ["given", "off_at", "off_reason", "since"]
        validators: ClassVar[list] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = [(name, named(name).label) for name in settings.CHANNELS]

    def get_shown(self, row: Address) -> str:
        """As its owner sees it on the page."""
        return named(row.channel).shown(row)

    def get_verified(self, row: Address) -> bool:
        """Is it known to be theirs?"""
        return row.verified_at is not None

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Where an address leads is said when it is added, and what is chosen of it by what is its own."""
        if self.instance:
            if named(self.instance.channel).stays:
                raise ValidationError(STAYS)
            if given.get("channel", self.instance.channel) != self.instance.channel:
                raise ValidationError({"channel": [ANOTHER]})
            if "data" in given:
                raise ValidationError({"fields": [ANOTHER]})
        return given

    def create(self, given: dict[str, Any]) -> Address:
        """By the form of the page; the code is on its way then, unless a secret has to be taken over first."""
        owner, name = self.context["request"].user, given["channel"]
        channel = named(name)
        if missing := channel.lacks():
            raise ValidationError({"channel": [missing]})
        if not recipients.is_allowed(channel, owner):
            raise PermissionDenied("Your role has no right to this channel.")
        if not channel.fields():
            raise ValidationError({"channel": ["Addresses of this channel cannot be added."]})
        form = AddressForm(channel, owner, data={**given.get("data", {}), "label": given.get("label", "")})
        if not form.is_valid():
            raise ValidationError(
                {"fields": [f"{name}: {text}" for name, texts in form.errors.items() for text in texts]}
            )
        try:
            row = verifying.begin(owner, name, form.parts, timezone.now())
        except NoRight:
            raise PermissionDenied("Your role has no right to this channel.") from None
        except (verifying.Refused, DeliveryError) as fault:
            raise ValidationError({"fields": [str(fault)]}) from None
        chosen: dict[str, Any] = {name: given[name] for name in ("by_default", "wanted") if name in given}
        return self.update(row, chosen) if chosen else row

    def update(self, row: Address, given: dict[str, Any]) -> Address:
        """What it is called, whether it is a default, and whether anything goes there."""
        channel = named(row.channel)
        if "wanted" in given:
            if channel.registers:
                raise ValidationError({"wanted": ["A browser is removed, not turned off."]})
            addressing.turn(row, given["wanted"])
        rest = {name: given[name] for name in ("label", "by_default") if name in given}
        if rest:
            Address.objects.filter(pk=row.pk).update(**rest)
        row.refresh_from_db()
        return row


class CodeBody(serializers.Serializer):
    """The code that came by an address."""

    code = serializers.CharField(max_length=20)


class AddressRows(Rows):
    """Addresses by channel."""

    channel = filters.CharFilter(max_length=20)


class AddressResource(Whole):
    """One's own addresses. Secrets are on no answer: that of a webhook is made and shown on the page of the channel."""

    queryset = Address.objects.all()
    serializer_class, filterset_class = AddressRow, AddressRows

    def get_queryset(self) -> Any:
        """Those of whoever asks, by the channels of today."""
        gone = Q(channel__in=[name for name in settings.CHANNELS if named(name).registers], wanted=False)
        return Address.objects.of(self.request.user).filter(channel__in=settings.CHANNELS).exclude(gone)

    def perform_destroy(self, instance: Address) -> None:
        """As the page removes it; what everybody has stays."""
        channel = named(instance.channel)
        if channel.stays or instance.given:
            raise ValidationError("It is there without being added: turn it off instead.")
        channel.forget(instance)

    @extend_schema(request=CodeBody, responses=AddressRow)
    @action(detail=True, methods=["post"])
    def verify(self, request: Any, pk: str | None = None) -> Response:
        """Hand in the code that came there."""
        body = CodeBody(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            verifying.confirm(self.get_object(), body.validated_data["code"], timezone.now())
        except verifying.Refused as fault:
            raise ValidationError({"code": [str(fault)]}) from None
        return self._as_it_is()

    @extend_schema(request=None, responses=AddressRow)
    @action(detail=True, methods=["post"])
    def code(self, request: Any, pk: str | None = None) -> Response:
        """Send another code there; at most one in a minute."""
        try:
            verifying.send_code(self.get_object(), timezone.now())
        except (verifying.Refused, DeliveryError) as fault:
            raise ValidationError(str(fault)) from None
        return self._as_it_is()

    @extend_schema(request=None, responses=AddressRow)
    @action(detail=True, methods=["post"])
    def test(self, request: Any, pk: str | None = None) -> Response:
        """Send a test there, as every notice is sent."""
        row = self.get_object()
        if missing := named(row.channel).lacks():
            raise ValidationError(missing)
        if not row.is_usable or not recipients.is_allowed(named(row.channel), request.user):
            raise ValidationError("Nothing is sent there: it is off, or not verified.")
        addressing.test(row, timezone.now())
        return self._as_it_is()

    def _as_it_is(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data)


RESOURCES: list[tuple[str, type[Resource]]] = [("addresses", AddressResource)]
