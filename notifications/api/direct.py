"""Writing to others in the API: the checks of the pages, what one has sent, and the reports that go with it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response

from notifications import direct
from notifications.api.about import About
from notifications.api.resources import Resource, Shown
from notifications.event import DIRECT, GENERAL
from notifications.models import Notice, Report
from notifications.reports import making
from notifications.views.direct import download
from notifications.writing import AnnounceForm, DirectForm

MOST = 200


class Topic(About):
    """An object that has a page to write about; null for an announcement."""

    def labels(self) -> set[str]:
        """Those of which there are reports."""
        return {subject.label for subject in making.subjects().values()}


class Draft(serializers.Serializer):
    """A notice to write. Without an object it goes to everybody, which is for administrators and managers."""

    about = Topic(allow_null=True, help_text="The object with whose link it goes; null: an announcement to everybody.")
    text = serializers.CharField(max_length=2000, help_text=f"One line of at most {direct.LONGEST} signs.")
    to = serializers.ListField(
        child=serializers.CharField(max_length=80),
        max_length=MOST,
        required=False,
        help_text='Such as ["user:3", "role:engineer", "everybody:all"]; not for an announcement.',
    )
    report = serializers.ChoiceField(
        choices=sorted(making.KINDS), required=False, allow_blank=True, help_text="What of its page goes with it."
    )
    key = serializers.RegexField(
        r"^[\w-]{8,64}$",
        required=False,
        help_text="Tells this writing from your others: sent twice with one key, it is told once.",
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """By the form of the page; raises PermissionDenied where its user may not write this."""
        user, about = self.context["request"].user, given["about"]
        right = making.subjects()[about._meta.label_lower].permission if about else "notifications.announce"
        if not (user.has_perm("notifications.send") and user.has_perm(right)):
            raise PermissionDenied
        data = {"text": given["text"], "mark": given.get("key", "")}
        if about is None and (extra := sorted({"to", "report"} & {name for name in given if given[name]})):
            raise ValidationError({name: ["An announcement goes to everybody, without a report."] for name in extra})
        if about is not None:
            data |= {"to": given.get("to", []), "report": given.get("report", "")}
        make = DirectForm if about is not None else AnnounceForm
        form = make(data, sender=user, about=about)
        if not form.is_valid():
            raise ValidationError({_field(name): list(texts) for name, texts in form.errors.items()})
        return {"draft": form.draft}

    def to_internal_value(self, data: Any) -> Any:
        """As always, once every name is known."""
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


def _field(name: str) -> str:
    return "key" if name == "mark" else name


class Told(serializers.Serializer):
    """How many people were told: none where the same key was sent before."""

    people = serializers.IntegerField(help_text="0 where the same key had been sent before.")


class SentRow(Shown):
    """A notice that one has written, to one person, and whether they have read it."""

    resource = "sent-notices"
    html_url = None
    recipient = serializers.SerializerMethodField(help_text="The name of whom it went to.")
    report = serializers.SerializerMethodField(help_text="Where the API has the report that went with it; null: none.")
    deliveries = serializers.SerializerMethodField(help_text="By which channels it went, and what came of each.")

    class Meta:
        model = Notice
        fields: ClassVar = [
            "id", "url", "event", "text", "link", "recipient", "created_at", "read_at", "report", "deliveries",
        ]  # fmt: skip
        read_only_fields: ClassVar = fields

    def get_recipient(self, row: Notice) -> str:
        """Their name."""
        return str(row.recipient or "somebody who has left")

    def get_report(self, row: Notice) -> str | None:
        """The address of the report."""
        return self._whole(f"/api/v1/reports/{row.report_id}/") if row.report_id else None

    @extend_schema_field(
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"channel": {"type": "string"}, "state": {"type": "string"}},
                "required": ["channel", "state"],
            },
        }
    )
    def get_deliveries(self, row: Notice) -> list[dict[str, str]]:
        """The channel and the state of each."""
        found = sorted(row.deliveries.all(), key=lambda one: one.pk)
        return [{"channel": one.channel, "state": one.state} for one in found]


class SentResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """What one has written to others, person by person."""

    queryset = Notice.objects.all()
    serializer_class = SentRow
    orders_first = "-id"

    def get_queryset(self) -> Any:
        """One's own writings alone."""
        rows = Notice.objects.written_by(self.request.user).filter(event__in=(DIRECT, GENERAL))
        return rows.prefetch_related("recipient", "deliveries__address")


class Writing:
    """Lets a resource of notices take new ones."""

    @extend_schema(request=Draft, responses={201: Told}, description="Write a notice to others, about an object.")
    def create(self, request: Any) -> Response:
        """Send it, as the pages do."""
        body = Draft(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        return Response({"people": direct.send(body.validated_data["draft"], request.user, timezone.now())}, status=201)


class ReportResource(Resource):
    """The reports that were sent to whoever asks, or by them."""

    queryset = Report.objects.all()

    def get_queryset(self) -> Any:
        """Those that one may have."""
        return making.of(self.request.user)

    @extend_schema(
        description="The file of a report.",
        responses={(200, form.MEDIA_TYPE.partition(";")[0]): OpenApiTypes.BINARY for form in making.KINDS.values()},
    )
    def retrieve(self, request: Any, pk: str | None = None) -> HttpResponse:
        """The file itself."""
        return download(self.get_object())


RESOURCES: list[tuple[str, type[Resource]]] = [("sent-notices", SentResource), ("reports", ReportResource)]
