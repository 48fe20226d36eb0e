"""Making a report of an object, and who may have it: the apps declare of what there are reports, in REPORTS."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.module_loading import import_string

from notifications import house
from notifications.models import Notice, Report
from notifications.reports import as_csv, as_pdf
from notifications.reports.sheet import Head, Sheet

PDF, CSV = "pdf", "csv"
KINDS = {PDF: as_pdf, CSV: as_csv}
NOT_IN_A_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Subject:
    """A model with a page of its own: who may see it, and what of it goes on a report."""

    label: str
    permission: str
    sheet: Callable[[Any], Sheet]

    @property
    def model(self) -> type[models.Model]:
        """The model."""
        return apps.get_model(self.label)


@cache
def subjects() -> dict[str, Subject]:
    """Everything of which there are reports, by the label of its model in small letters."""
    found: list[Subject] = [one for path in settings.REPORTS for one in import_string(path)]
    return {one.label.lower(): one for one in found}


def make(thing: Any, kind: str, now: datetime) -> Report:
    """A report of this kind, not saved yet; raises KeyError for what there are none of."""
    subject, form = subjects()[thing._meta.label_lower], KINDS[kind]
    with timezone.override(house.zone()):
        local = timezone.localtime(now)
        head = Head(house.name(), house.url(thing.get_absolute_url()), f"{local:%Y-%m-%d %H:%M %Z}")
        sheet = subject.sheet(thing)
        return Report(
            name=_named(thing, kind, local),
            media_type=form.MEDIA_TYPE,
            content=form.made(sheet, head),
            said=as_csv.made(sheet, head).decode("utf-8-sig"),
            made_at=now,
        )


def _named(thing: Any, kind: str, local: datetime) -> str:
    called = NOT_IN_A_NAME.sub("-", str(thing)).strip("-.")[:60] or thing._meta.model_name
    return f"{called}-{local:%Y-%m-%d-%H%M}.{kind}"


def of(person: models.Model) -> models.QuerySet[Report]:
    """The reports that this user may have: those that were sent to them, and those that they sent."""
    got = Notice.objects.to(person).exclude(report=None).values("report")
    sent = Notice.objects.written_by(person).exclude(report=None).values("report")
    return Report.objects.filter(models.Q(pk__in=got) | models.Q(pk__in=sent))
