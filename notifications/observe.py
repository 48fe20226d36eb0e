"""Observed models: a save that somebody wants to hear of is compared before and after, in one transaction."""

from __future__ import annotations

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


class Observed(models.Model):
    """A model whose events are declared: every save and delete asks whether somebody is interested.

    Where nobody is, a save costs one look into memory more than Django's own, and no query.
    """

    _plain = models.Manager()
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
            self.observed_at = timezone.now()
            engine.consider([(before, self)], self.observed_at)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete; in the same transaction write the notices that this change calls for."""
        if not interest.wanted(self._meta.label):
            return super().delete(*args, **kwargs)
        with transaction.atomic():
            before = stored(self)
            engine.consider([(before, None)], timezone.now())
            return super().delete(*args, **kwargs)


def stored(thing: models.Model) -> Any:
    """The row as the database has it (locked where the database can), or None for one that is new."""
    if thing._state.adding:
        return None
    return type(thing)._base_manager.select_for_update().filter(pk=thing.pk).first()
