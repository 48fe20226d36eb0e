"""What staff do with sources: connect, accept, change, switch off and on, decide, remove. UISP itself is only read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from agents import roster
from customers.models import Customer, Equipment, Site
from notifications import live
from outages import recording
from outages.models import Check
from outages.sources import progress
from outages.sources.models import Source, SourceLink, SourceRun
from outages.sources.writing import batches, uisp_check

# Longer than the queue's own limit: a large and slow source takes minutes, and says how far it is all the while.
JOB_SECONDS = 900
RULE = ("interval", "count")
SET_BY_STAFF = ("name", "address", "nms_key", "crm_key", "verify_tls", *RULE)


class TooSoon(ValueError):
    """It has to be looked at, to the end, before it can be accepted."""


def connect(source: Source) -> None:
    """Keep a new source, and look at it; nothing of ours follows it yet."""
    with transaction.atomic():
        source.save()
        look(source)


def change(source: Source) -> None:
    """Keep what the form has changed; its checks follow, and it is looked at or synchronised with anew."""
    with transaction.atomic():
        source.save(update_fields=SET_BY_STAFF)
        rule = {"interval": source.interval, "count": source.count, "window": source.window}
        _set_checks(source, rule)
        (synchronise if source.accepted_at else look)(source)
        _tell()


def look(source: Source) -> None:
    """Have a job see what would come of it."""
    _begin(source, SourceRun.Sort.PREVIEW, "look")


def synchronise(source: Source, believe: bool = False) -> None:
    """Have a job synchronise with it; if that is under way, once more when it has ended.

    `believe`: somebody has said that what is missing has really gone.
    """
    asked: dict[str, Any] = {"sync_asked_at": timezone.now()} | ({"believe": True} if believe else {})
    Source.objects.quietly().filter(pk=source.pk).update(**asked)
    _begin(source, SourceRun.Sort.SYNC, "sync_one")


def _begin(source: Source, sort: str, job: str) -> None:
    if progress.ask_for(source, sort):
        name, pk = f"outages.sources.jobs.{job}", source.pk
        transaction.on_commit(lambda: async_task(name, pk, cluster="default", timeout=JOB_SECONDS))


def accept(source: Source, by: Any, ping: bool, now: datetime) -> None:
    """Follow it from now on, and ping what answered from here if that is wanted; raises TooSoon."""
    with transaction.atomic():
        ready = source.runs.filter(sort=SourceRun.Sort.PREVIEW, state=SourceRun.State.DONE)
        if not ready.exists():
            raise TooSoon
        if source.accepted_at is None:
            source.accepted_at, source.accepted_by, source.ping = now, by, ping
            source.save(update_fields=["accepted_at", "accepted_by", "ping"])
        synchronise(source)
        _tell()


def switch(source: Source, on: bool) -> None:
    """Ask it, or leave it alone: then its checks are off, and nothing is known by them."""
    with transaction.atomic():
        source.on = on
        source.save(update_fields=["on"])
        _set_checks(source, {"on": on})
        if not on:
            recording.stop_looking(timezone.now())
        _tell()


def remove(source: Source) -> None:
    """Forget it. What it brought is ours and stays; only what it says of that is no longer read."""
    equipment = list(_equipment(source))
    for batch in batches(equipment):
        with transaction.atomic():
            recording.alone()
            others = SourceLink.objects.exclude(source=source).filter(object_type=_kind(), object_id__in=batch)
            kept = set(others.values_list("object_id", flat=True))
            Check.objects.filter(probe=source.kind, equipment__in=set(batch) - kept).delete()
            recording.stop_looking(timezone.now(), batch)
    with transaction.atomic():
        source.delete()
        _tell()


def renew_token(source: Source) -> None:
    """Another address for hints; the old one leads nowhere from now on."""
    source.renew_token()
    source.save(update_fields=["hint_token", "hint_hash"])


def choose(link: SourceLink, pk: int | None) -> bool:
    """Say which of ours a row of the source is, or (None) that it is a new one; False if it may not be that one."""
    with transaction.atomic():
        if pk is None:
            SourceLink.objects.filter(pk=link.pk, object_id=None).update(as_new=True, candidates=[])
        elif pk not in link.candidates or not _take(link, pk):
            return False
        synchronise(link.source)
    return True


def _take(link: SourceLink, pk: int) -> bool:
    kind = ContentType.objects.get_for_model(model_of(link))
    if not model_of(link).objects.current().filter(pk=pk).exists():
        return False
    if link.source.links.filter(object_type=kind, object_id=pk).exists():
        return False
    chosen = {"object_type": kind, "object_id": pk, "candidates": [], "last": {}}
    if not SourceLink.objects.filter(pk=link.pk, object_id=None).update(**chosen):
        return False
    if kind == _kind():
        check = uisp_check(link.source, Equipment.objects.get(pk=pk))
        Check.objects.bulk_create([check], ignore_conflicts=True)
        roster.tell_new_work()
    return True


def model_of(link: SourceLink) -> Any:
    """The model of the rows that a link may stand for, as long as it stands for none."""
    return {"client": Customer, "site": Site}.get(link.kind, Equipment)


def _equipment(source: Source) -> Any:
    return source.links.filter(object_type=_kind()).values_list("object_id", flat=True)


def _kind() -> ContentType:
    return ContentType.objects.get_for_model(Equipment)


def _set_checks(source: Source, values: Mapping[str, Any]) -> None:
    recording.alone()
    Check.objects.filter(probe=source.kind, equipment__in=_equipment(source)).update(**values)


def _tell() -> None:
    roster.tell_new_work()
    live.bump("sources", "alarms")
