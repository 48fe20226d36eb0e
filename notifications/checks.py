"""System checks: what the apps declare fits together, so that a fault shows at start and not in the night."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.db import models

from notifications.event import Event, declared
from notifications.terms import TermsForm


@register()
def events_fit_their_models(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each event names a model that exists, and its text names fields that the model has."""
    return [fault for event in declared().values() for fault in faults(event)]


def faults(event: Event) -> Iterable[CheckMessage]:
    """What is wrong with one declaration."""
    try:
        model = apps.get_model(event.of)
    except LookupError:
        yield Error(f"The event {event.key} is of {event.of}, which is no model", id="notifications.E001")
        return
    if taken := sorted({ask.name for ask in event.asks} & set(TermsForm.order)):
        yield Error(
            f"{event.key} asks for {taken[0]!r}, which every subscription says already", id="notifications.E008"
        )
    try:
        paths = event.fields()
    except ValueError as fault:
        yield Error(f"The text of {event.key} is malformed: {fault}", id="notifications.E003")
        return
    for path in paths:
        root, _, field = path.partition(".")
        if path != "words" and (root != "after" or (field and not _has(model, field.split(".")[0]))):
            yield Error(f"The text of {event.key} names {path!r}, which {event.of} lacks", id="notifications.E002")


def _has(model: type[models.Model], name: str) -> bool:
    return hasattr(model, name) or any(field.name == name for field in model._meta.get_fields())
