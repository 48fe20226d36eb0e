"""Writing what a file comes to: all of it or nothing; nobody is told, unless that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from taggit.models import Tag, TaggedItem

from customers.imports.kinds import Sort
from customers.imports.planning import Planned
from customers.imports.telling import Telling

BATCH = 500


class Moved(Exception):
    """What a row is of is gone by now."""


@transaction.atomic
def write(sort: Sort, planned: Sequence[Planned], tell: bool = False) -> None:
    """Make what is new, change what is changed; raises Moved, or IntegrityError, and then nothing is written."""
    telling = Telling(sort, planned) if tell else None
    pks = _make(sort, [one for one in planned if one.pk is None])
    for one in planned:
        if one.pk is not None and one.writes:
            _change(sort, one.pk, _pointing(one.writes, pks))
    _tag(sort, {pks.get(one.key, one.key): one for one in planned if one.tags is not None})
    if telling is not None:
        telling.tell(planned, pks, timezone.now())


def _make(sort: Sort, new: list[Planned]) -> dict[int, int]:
    """The primary keys of what was made, by what stood for them."""
    later = {}
    for one in new:
        if (one.writes.get("uplink_id") or 0) < 0:
            later[one.key], one.thing.uplink_id = one.writes["uplink_id"], None
    made = sort.model.objects.quietly() if hasattr(sort.model.objects, "quietly") else sort.model.objects.all()
    made.bulk_create([one.thing for one in new], batch_size=BATCH)
    pks = {one.key: one.thing.pk for one in new}
    for key, upper in later.items():
        _change(sort, pks[key], {"uplink_id": pks[upper]})
    return pks


def _pointing(writes: dict[str, Any], pks: dict[int, int]) -> dict[str, Any]:
    upper = writes.get("uplink_id")
    return writes | {"uplink_id": pks[upper]} if upper is not None and upper < 0 else writes


def _change(sort: Sort, pk: int, writes: dict[str, Any]) -> None:
    if not sort.model.objects.all().quietly().filter(pk=pk).update(**writes):
        raise Moved(f"A {sort.noun} of the file has been deleted meanwhile.")


def _tag(sort: Sort, tagged: dict[int, Planned]) -> None:
    kind = ContentType.objects.get_for_model(sort.model)
    old = [pk for pk, one in tagged.items() if one.pk is not None]
    for start in range(0, len(old), BATCH):
        TaggedItem.objects.filter(content_type=kind, object_id__in=old[start : start + BATCH]).delete()
    tags = _tags({name for one in tagged.values() for name in one.tags or ()})
    pairs = {(pk, tags[name.casefold()].pk) for pk, one in tagged.items() for name in one.tags or ()}
    items = [TaggedItem(content_type=kind, object_id=pk, tag_id=tag) for pk, tag in sorted(pairs)]
    TaggedItem.objects.bulk_create(items, batch_size=BATCH)


def _tags(names: set[str]) -> dict[str, Tag]:
    """The tags of these names, however they are capitalised; what there is none of is made."""
    if not names:
        return {}
    found = {tag.name.casefold(): tag for tag in Tag.objects.order_by("-pk")}
    for name in sorted(names):
        if name.casefold() not in found:
            found[name.casefold()] = Tag.objects.create(name=name)
    return found
