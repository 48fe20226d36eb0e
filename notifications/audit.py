"""Who did what: the rows whose changes are kept, with what they were before, and acts that change no row.

A model says `history = History(...)`; whatever is no change of a row says `note(...)`. Who acts is known from the
request that goes on, or from `acting`; what is done by neither was done by Towerwatch itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ObjectDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.module_loading import import_string
from simple_history.models import HistoricalRecords

LONGEST_NAME, LONGEST_ABOUT = 120, 300
HIDDEN = "(not shown)"
Asks = Callable[[Any], bool]


class Act(models.Model):
    """Something done that is no change of a row, such as an export."""

    at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=LONGEST_NAME, blank=True)
    what = models.CharField(max_length=30)
    about = models.CharField(max_length=LONGEST_ABOUT, blank=True)
    object_type = models.ForeignKey(ContentType, on_delete=models.SET_NULL, null=True, related_name="+")
    object_id = models.CharField(max_length=60, blank=True)
    text = models.TextField(blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["object_type", "object_id"], name="act_object")]

    def __str__(self) -> str:
        return f"{self.by_name or 'Towerwatch itself'}: {self.what} {self.about}".strip()


class Recorded(models.Model):
    """What each kept change says beside the values: who by name, what it is about, and what it was before."""

    by_name = models.CharField(max_length=LONGEST_NAME, blank=True)
    about = models.CharField(max_length=LONGEST_ABOUT, blank=True)
    # Field: [before, after]; empty for a row that was added or deleted.
    changes = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        abstract = True


def always(row: Any) -> bool:
    """Every row."""
    return True


def never(row: Any) -> bool:
    """No row."""
    return False


class History(HistoricalRecords):  # type: ignore[misc]
    """Keeps each change of the fields of a model that it is told to keep, and of no other: what is secret stays out.

    `said` names the function (by its dotted name) that says what a row is called; `wanted` is whether a row is kept at
    all, `hidden` whether its values are not. A save that changes no kept field leaves nothing behind, and one that
    names only other fields costs no query.
    """

    def __init__(self, *keep: str, said: str = "", wanted: Asks = always, hidden: Asks = never) -> None:
        super().__init__(bases=(Recorded,))
        self.keep, self.said, self.wanted, self.hidden = keep, said, wanted, hidden

    def fields_included(self, model: Any) -> list[models.Field]:
        """The fields that are kept, and the key."""
        return [field for field in model._meta.fields if field.primary_key or field.name in self.keep]

    def finalize(self, sender: Any, **kwargs: Any) -> None:
        """As the library's; also told before each save, when the stored row still is what it was."""
        super().finalize(sender, **kwargs)
        if self.cls is sender:
            models.signals.pre_save.connect(self.pre_save, sender=sender, weak=False)

    def pre_save(self, instance: Any, raw: bool = False, update_fields: Any = None, **_: Any) -> None:
        """Keep in mind what is stored."""
        fields = [one for one in self.fields_included(instance) if _is_saved(one, update_fields)]
        if raw or not fields or not self.wanted(instance):
            return
        names = [field.attname for field in self.fields_included(instance)]
        stored = None if instance._state.adding else self.cls._base_manager.filter(pk=instance.pk).values(*names)
        instance._stored = (stored and stored.first()) or {}
        instance._saved = [field.attname for field in fields]

    def post_save(self, instance: Any, created: bool, using: Any = None, **kwargs: Any) -> None:
        """Keep what came of it, if anything did."""
        stored = instance.__dict__.pop("_stored", None)
        if stored is None:
            return
        after = stored | {name: getattr(instance, name) for name in instance.__dict__.pop("_saved")}
        changes = {
            name: [stored[name], after[name]] for name in after if name in stored and stored[name] != after[name]
        }
        if created or changes:
            self._keep(instance, "+" if created else "~", after, {} if created else changes)

    def post_delete(self, instance: Any, using: Any = None, **_: Any) -> None:
        """Keep that it is gone."""
        if self.wanted(instance):
            values = {field.attname: getattr(instance, field.attname) for field in self.fields_included(instance)}
            self._keep(instance, "-", values, {})

    def _keep(self, instance: Any, kind: str, values: dict[str, Any], changes: dict[str, Any]) -> None:
        by = whoever()
        if self.hidden(instance):
            values |= dict.fromkeys(values.keys() & set(self.keep), HIDDEN)
            changes = {name: [HIDDEN, HIDDEN] for name in changes}
        getattr(self.cls, self.manager_name).model.objects.create(
            history_date=timezone.now(),
            history_type=kind,
            history_user=by,
            by_name=_name(by),
            about=self._called(instance),
            changes=changes,
            **values,
        )

    def _called(self, instance: Any) -> str:
        try:
            name = import_string(self.said)(instance) if self.said else str(instance)
        except ObjectDoesNotExist:
            # What it belonged to went with it.
            name = f"{instance._meta.verbose_name} {instance.pk}"
        return str(name)[:LONGEST_ABOUT]


@contextmanager
def acting(user: Any) -> Iterator[None]:
    """What is done inside is done by this user, whoever the request is of."""
    before = getattr(HistoricalRecords.context, "acting", None)
    HistoricalRecords.context.acting = user
    try:
        yield
    finally:
        HistoricalRecords.context.acting = before


def whoever() -> Any:
    """The user who acts at this moment; None where nobody does."""
    acts = getattr(HistoricalRecords.context, "acting", None)
    if acts is not None:
        return acts
    user = getattr(_request(), "user", None)
    return user if user is not None and user.is_authenticated else None


def note(what: str, text: str = "", about: models.Model | str = "") -> Act:
    """Write down that somebody did something; `what` is one of the words that the page of the log knows."""
    by = whoever()
    kind = ContentType.objects.get_for_model(about) if isinstance(about, models.Model) else None
    return Act.objects.create(
        at=timezone.now(),
        by=by,
        by_name=_name(by),
        what=what,
        about=str(about)[:LONGEST_ABOUT],
        object_type=kind,
        object_id=str(about.pk) if isinstance(about, models.Model) else "",
        text=text,
        address=_address(),
    )


def acts_on(thing: models.Model) -> models.QuerySet[Act]:
    """What was done to one object, the newest first."""
    return Act.objects.filter(object_type=ContentType.objects.get_for_model(thing), object_id=str(thing.pk))


def _request() -> Any:
    return getattr(HistoricalRecords.context, "request", None)


def _address() -> str | None:
    try:
        return str(ipaddress.ip_address(_request().META["REMOTE_ADDR"]))
    except (AttributeError, KeyError, ValueError):
        # No request, or one that came by a socket of this machine.
        return None


def _name(user: Any) -> str:
    return "" if user is None else str(user)[:LONGEST_NAME]


def _is_saved(field: Any, update_fields: Any) -> bool:
    return update_fields is None or field.name in update_fields or field.attname in update_fields
