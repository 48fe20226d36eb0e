"""Observed models: a save that somebody wants to hear of is compared before and after, in one transaction."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.utils import timezone

from notifications import engine, interest


class Unobserved(RuntimeError):
    """A bulk change would go around the notices; say `.quietly()` where that is meant."""


class ObservedQuerySet(models.QuerySet[Any]):
    """A QuerySet whose bulk changes refuse unless they are said to be quiet."""

    _quiet = False

    def quietly(self) -> Self:
        """The same rows; bulk changes are allowed, and tell nobody."""
        found = self.all()
        found._quiet = True
        return found

    def _clone(self) -> Self:
        found: Self = super()._clone()  # type: ignore[misc]
        found._quiet = self._quiet
        return found

    def _refuse_unless_quiet(self, what: str) -> None:
        if not self._quiet:
            raise Unobserved(f"{what} of {self.model._meta.label} tells nobody: save each, or say .quietly()")

    def update(self, **kwargs: Any) -> int:
        """As Django's, once quiet."""
        self._refuse_unless_quiet("update()")
        return super().update(**kwargs)

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's, once quiet."""
        self._refuse_unless_quiet("bulk_create()")
        return super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        """As Django's, once quiet."""
        self._refuse_unless_quiet("bulk_update()")
        return super().bulk_update(*args, **kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, once quiet."""
        self._refuse_unless_quiet("delete()")
        return super().delete()


class PlainQuerySet(models.QuerySet[Any]):
    """Django's own way to rows that hang on a saved or deleted one, without the guard.

    By it come `customer.equipment.add(...)` and `set(...)` as well, the only ones that put an object into a field:
    these refuse, unless they are asked with `bulk=False` to save each.
    """

    def update(self, **kwargs: Any) -> int:
        """As Django's."""
        if any(isinstance(value, models.Model) for value in kwargs.values()):
            raise Unobserved(f"add() and set() of {self.model._meta.label} tell nobody: save each, or say bulk=False")
        return super().update(**kwargs)


class Observed(models.Model):
    """A model whose events are declared: every save and delete asks whether somebody is interested.

    Where nobody is, a save costs one look into memory more than Django's own, and no query.
    """

    _plain = PlainQuerySet.as_manager()
    objects: ClassVar = ObservedQuerySet.as_manager()

    class Meta:
        abstract = True
        # Django's own saves of related rows go through the plain manager, without the guard.
        base_manager_name = "_plain"
        default_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; in the same transaction write the notices that this change calls for."""
        if not interest.wanted(self._meta.label):
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            before = stored(self)
            super().save(*args, **kwargs)
            after = as_saved(before, self, kwargs.get("update_fields", args[3] if len(args) > 3 else None))
            after.observed_at = timezone.now()
            engine.consider([(before, after)], after.observed_at)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete; in the same transaction write the notices that this change calls for."""
        if not interest.wanted(self._meta.label):
            return super().delete(*args, **kwargs)
        with transaction.atomic():
            before = stored(self)
            if before is not None:
                engine.consider([(before, None)], timezone.now())
            return super().delete(*args, **kwargs)


def stored(thing: models.Model) -> Any:
    """The row as the database has it (locked where the database can), or None for one that is new."""
    if thing.pk is None:
        return None
    return type(thing)._base_manager.select_for_update().filter(pk=thing.pk).first()


def as_saved(before: Any, thing: models.Model, named: Collection[str] | None) -> Any:
    """An object as it was saved: of what a save does not name, the database keeps what it had."""
    if any(hasattr(value, "resolve_expression") for value in thing.__dict__.values()):
        return stored(thing)  # only the database knows what F("meter") + 1 came to
    if named is None or before is None:
        return thing
    after: Any = copy.copy(thing)
    for field in thing._meta.concrete_fields:
        if field.name not in named and field.attname not in named:
            setattr(after, field.attname, getattr(before, field.attname))
    return after
