"""Tags of observed models: putting one on, or taking one off, is a change like any other."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone
from taggit.managers import _TaggableManager

from notifications import engine, interest, observe, planning


class ObservedTags(_TaggableManager):  # type: ignore[misc]
    """The tags of one object: TaggableManager(manager=ObservedTags)."""

    def add(self, *tags: Any, **kwargs: Any) -> None:
        """As taggit's."""
        with self._observed():
            super().add(*tags, **kwargs)

    def set(self, tags: Any, **kwargs: Any) -> None:
        """As taggit's."""
        with self._observed():
            super().set(tags, **kwargs)

    def remove(self, *tags: Any, **kwargs: Any) -> None:
        """As taggit's."""
        with self._observed():
            super().remove(*tags, **kwargs)

    def clear(self) -> None:
        """As taggit's."""
        with self._observed():
            super().clear()

    @contextmanager
    def _observed(self) -> Iterator[None]:
        thing = self.instance
        # To set tags is to remove some and add others: only the outermost of these compares.
        if thing is None or hasattr(thing, "is_tagged") or not interest.anybody():
            yield
            return
        with transaction.atomic():
            # As it is, and not as it was when somebody read it: what is planned goes by it.
            before = observe.stored(thing)
            thing.is_tagged = True
            try:
                if before is not None:
                    before.tag_names = self._names()
                yield
            finally:
                del thing.is_tagged
            if before is not None:
                self._consider(before)

    def _consider(self, before: Any) -> None:
        after = copy.copy(before)
        after.tag_names, after.observed_at = self._names(), timezone.now()
        if after.tag_names != before.tag_names:
            engine.consider([(before, after)], after.observed_at)
            planning.belongings_changed(after, after.observed_at)

    def _names(self) -> frozenset[str]:
        tags = self.through.tags_for(type(self.instance), self.instance)
        return frozenset(tags.values_list("name", flat=True))
