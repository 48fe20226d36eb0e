"""Telling of an import, where that was asked for: each row before and after, as if it had been saved by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from taggit.models import TaggedItem

from customers.imports.kinds import Sort
from customers.imports.planning import Planned
from notifications import engine

BATCH = 500


class Telling:
    """What is there before an import writes; made before it does. Costs nothing where nobody wants to hear of it."""

    def __init__(self, sort: Sort, planned: Sequence[Planned]) -> None:
        self.sort = sort
        self.wanted = engine.wanted(sort.model._meta.label)
        self.before = self._rows([one.pk for one in planned if one.pk is not None]) if self.wanted else {}

    def tell(self, planned: Sequence[Planned], made: Mapping[int, int], now: datetime) -> None:
        """Once all is written (`made`: the keys of what is new): consider what has changed, in the same transaction."""
        if not self.wanted:
            return
        after = self._rows([made.get(one.key, one.key) for one in planned])
        for row in after.values():
            row.observed_at = now
        engine.consider([(self.before.get(pk), row) for pk, row in after.items()], now)

    def _rows(self, keys: Sequence[int]) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for some in _batches(keys):
            found |= self.sort.model._base_manager.in_bulk(some)
        if "tags" in self.sort.headers:
            tags = self._tags(keys)
            for pk, row in found.items():
                row.tag_names = frozenset(tags[pk])
        return found

    def _tags(self, keys: Sequence[int]) -> Mapping[int, set[str]]:
        kind = ContentType.objects.get_for_model(self.sort.model)
        names: dict[int, set[str]] = defaultdict(set)
        for some in _batches(keys):
            rows = TaggedItem.objects.filter(content_type=kind, object_id__in=some)
            for pk, name in rows.values_list("object_id", "tag__name"):
                names[pk].add(name)
        return names


def _batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))
