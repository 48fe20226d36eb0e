"""How far work on a source is, and whose it is: a claim with turns, so that two never work on one source at once."""

from __future__ import annotations

from django.db.models import F, Q
from django.utils import timezone

from outages.sources.models import STALLED_AFTER, Source, SourceRun

State = SourceRun.State


class Overtaken(Exception):
    """Somebody else works on it now: this one was silent for too long."""


def ask_for(source: Source, sort: str) -> bool:
    """Let the run of this sort wait to begin; False where it does already, or is under way."""
    run, made = SourceRun.objects.get_or_create(source=source, sort=sort)
    now = timezone.now()
    idle = ~Q(state__in=(State.WAITING, State.WORKING)) | Q(moved_at__lt=now - STALLED_AFTER)
    waiting = {"state": State.WAITING, "step": "", "done": 0, "total": 0, "said": "", "moved_at": now}
    return made or bool(SourceRun.objects.filter(idle, pk=run.pk).update(**waiting))


def claim(source: Source, sort: str) -> SourceRun | None:
    """The run of this sort, ours from now on; None while somebody works on it."""
    run, _ = SourceRun.objects.get_or_create(source=source, sort=sort)
    now = timezone.now()
    idle = ~Q(state=State.WORKING) | Q(moved_at__lt=now - STALLED_AFTER)
    ours = {"state": State.WORKING, "turn": F("turn") + 1, "step": "", "done": 0, "total": 0, "said": ""}
    if not SourceRun.objects.filter(idle, pk=run.pk).update(**ours, moved_at=now):
        return None
    run.refresh_from_db()
    return run


def tell(run: SourceRun, step: str, done: int, total: int) -> None:
    """Say how far it is; raises Overtaken."""
    _set(run, step=step[:120], done=done, total=total)


def end(run: SourceRun, said: str = "", *, failed: bool = False) -> None:
    """It is done, or has failed, and why; raises Overtaken."""
    _set(run, state=State.FAILED if failed else State.DONE, said=said[:300], step="")


def _set(run: SourceRun, **values: object) -> None:
    rows = SourceRun.objects.filter(pk=run.pk, turn=run.turn, state=State.WORKING)
    if not rows.update(**values, moved_at=timezone.now()):
        raise Overtaken
