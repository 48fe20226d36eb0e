"""From the upload to the import: looked through first, imported at a word, all or nothing."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.tasks import async_task

from customers.imports import agreement, sheets
from customers.imports.kinds import Sort
from customers.imports.models import ImportRun
from customers.imports.planning import Planned, Planner
from customers.imports.writing import Moved, write
from notifications import audit

AT_ONCE = 500
SHOWN_FAULTS, SHOWN_CHANGES = 500, 20
KEPT = timedelta(days=1)
LEFT = "Something else was changed meanwhile. Nothing is imported; look again at what would come of the file."
State = ImportRun.State


def begin(sort: Sort, user: Any, name: str, content: bytes) -> ImportRun:
    """Keep the file and look through it, at once or by a job; raises Unreadable, and keeps nothing."""
    sheet = sheets.read(content, sort.names, sort.needed)
    run = ImportRun(user=user, sort=sort.key, file_name=name[-120:], path=str(_keep(content)))
    run.rows, run.ignored = len(sheet.rows), sheet.ignored
    run.save()
    _now_or_later(look, run)
    return run


def confirm(run: ImportRun, leave_out: bool, tell: bool = False) -> bool:
    """The word that imports it; False if it may not be imported (any more), or has faults that are not left out.

    Nobody is told of what comes of it, unless one says so (`tell`).
    """
    waiting = ImportRun.objects.filter(pk=run.pk, state=State.READY)
    if not leave_out:
        waiting = waiting.filter(bad=0)
    if not waiting.update(state=State.WRITING, tell=tell, done=0, moved_at=timezone.now()):
        return False
    _now_or_later(carry_out, run)
    return True


def discard(run: ImportRun) -> None:
    """Forget it, with its file."""
    run.file.unlink(missing_ok=True)
    run.delete()


def sweep(now: datetime) -> None:
    """Forget what was sent more than a day ago, and files that nothing is known of."""
    for run in ImportRun.objects.filter(created_at__lt=now - KEPT):
        discard(run)
    for path in _folder().glob("*.csv"):
        if path.stat().st_mtime < (now - KEPT).timestamp():
            path.unlink(missing_ok=True)


def look(run: ImportRun) -> None:
    """Write down what would come of it."""
    if run.state != State.LOOKING:
        return
    with _failing(run):
        _write_down(run, _planned(run), "")


def carry_out(run: ImportRun) -> None:
    """Import it, if what would come of it still is what was shown."""
    if run.state != State.WRITING:
        return
    with _failing(run):
        planned = _planned(run)
        if _digest(planned) != run.found:
            _write_down(run, planned, LEFT)
            return
        with transaction.atomic():
            # A job that runs a second time finds it done.
            if ImportRun.objects.filter(pk=run.pk, state=State.WRITING).update(state=State.DONE):
                good = [one for one in planned if not one.faults and one.alters and one.thing is not None]
                with audit.acting(run.user):
                    write(run.of, good, run.tell)
        run.file.unlink(missing_ok=True)


def _planned(run: ImportRun) -> list[Planned]:
    sheet = sheets.read(run.file.read_bytes(), run.of.names, run.of.needed)

    def told(done: int) -> None:
        ImportRun.objects.filter(pk=run.pk).update(done=done, moved_at=timezone.now())

    planned = Planner(run.of, sheet, told).run()
    agreement.judge(run.of, planned)
    return planned


def _write_down(run: ImportRun, planned: list[Planned], said: str) -> None:
    bad = [one for one in planned if one.faults]
    good = [one for one in planned if not one.faults and one.thing is not None and one.alters]
    changed = [one for one in good if one.pk is not None]
    faults = [(one.row.line, header, text) for one in bad for header, text in one.faults]
    run.faults = sorted(faults)[:SHOWN_FAULTS]
    run.changes = [(one.row.line, str(one.thing), _headers(run.of, one)) for one in changed[:SHOWN_CHANGES]]
    run.new, run.changed, run.bad = len(good) - len(changed), len(changed), len(bad)
    run.unchanged = len(planned) - len(good) - len(bad)
    run.state, run.said, run.found, run.moved_at = State.READY, said, _digest(planned), timezone.now()
    run.save()


def _headers(sort: Sort, one: Planned) -> str:
    changed = [header for field, header in sort.headers.items() if field in one.writes or f"{field}_id" in one.writes]
    return ", ".join([*changed, *([sort.headers["tags"]] if one.tags is not None else [])])


def _digest(planned: list[Planned]) -> str:
    found = hashlib.sha256()
    for one in planned:
        found.update(repr((one.key, sorted(one.writes.items()), one.tags, one.faults)).encode())
    return found.hexdigest()


@contextmanager
def _failing(run: ImportRun) -> Iterator[None]:
    """What goes wrong is said on the page of the import; what nobody thought of is logged besides."""
    try:
        yield
    except (Moved, IntegrityError, sheets.Unreadable, FileNotFoundError) as why:
        said = str(why) if isinstance(why, Moved | sheets.Unreadable) else "What it refers to was changed meanwhile."
        _fail(run, said)
    except Exception:
        _fail(run, "Something went wrong that should not; the log says what.")
        raise


def _fail(run: ImportRun, said: str) -> None:
    ImportRun.objects.filter(pk=run.pk).update(state=State.FAILED, said=said[:300], moved_at=timezone.now())


def _now_or_later(work: Callable[[ImportRun], None], run: ImportRun) -> None:
    if run.rows <= AT_ONCE:
        run.refresh_from_db()
        work(run)
    else:
        transaction.on_commit(lambda: async_task(f"customers.imports.jobs.{work.__name__}", run.pk, cluster="default"))


def _folder() -> Path:
    folder = Path(settings.VAR) / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _keep(content: bytes) -> Path:
    path = _folder() / f"{uuid.uuid4().hex}.csv"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return path
