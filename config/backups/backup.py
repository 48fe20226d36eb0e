"""Backups: made by night or when asked for, kept in a folder, a few of them. The secret keys are in none.

A backup is made by a process of its own: it takes as long as it takes, and what started it may end.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.recorder import MigrationRecorder
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config import __version__, checkups, machine, options, supervisor
from config.backups import backup_file, dumps
from config.backups.backup_file import Manifest, NotABackup

log = logging.getLogger(__name__)

# Bytes that a backup leaves free, so that looking can go on writing.
RESERVE = 100 << 20
DRAFTS, LOCK = ".draft-", ".lock"


class Failed(Exception):
    """No backup was made, and the older ones are as they were; the text says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup in the folder: `fault` says why it cannot be read, if so; then there is no manifest."""

    path: Path
    made_at: datetime
    size: int
    manifest: Manifest | None
    fault: str = ""

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.name


def folder() -> Path:
    """Where backups are kept."""
    return Path(settings.BACKUP_FOLDER)


def kept() -> list[Made]:
    """The backups in the folder, the newest first. Raises OSError where the folder cannot be read."""
    if not folder().is_dir():
        return []
    return [_look(path, at) for path in sorted(folder().iterdir(), reverse=True) if (at := backup_file.made_at(path))]


def named(name: str) -> Made | None:
    """The backup of this name; None for anything else, whatever way leads to it."""
    return next((one for one in kept() if one.name == name), None)


def newest() -> Made | None:
    """The newest one that can be read."""
    return next((one for one in kept() if not one.fault), None)


def _look(path: Path, at: datetime) -> Made:
    size = path.stat().st_size
    try:
        return Made(path, at, size, backup_file.manifest_of(path))
    except NotABackup as fault:
        return Made(path, at, size, None, str(fault))


def is_running() -> bool:
    """Is one being made at this moment?"""
    if not folder().is_dir():
        return False
    try:
        supervisor.claim(folder() / LOCK).close()
    except supervisor.Taken:
        return True
    return False


def make(*, thin: bool = True) -> Path:
    """Make a backup now; where it is. What came of it is noted for the health page. Raises Failed.

    With `thin` the oldest go where there are more than are to be kept.
    """
    try:
        with _claim():
            path = _make()
            if thin:
                _thin()
    except supervisor.Taken:
        raise Failed("another backup is being made at this moment") from None
    except (dumps.Fault, NotABackup, OSError, Error) as fault:
        words = " ".join(str(fault).split())
        log.error("no backup was made: %s", words)
        _note(backup_fault=words)
        _tell(fault=words)
        raise Failed(words) from None
    _note(backup_fault="")
    _tell(name=path.name, size=path.stat().st_size)
    return path


def _claim() -> TextIO:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    for _ in range(3):
        # Who looks at the page holds it for a moment, too.
        with suppress(supervisor.Taken):
            return supervisor.claim(folder() / LOCK)
        time.sleep(0.1)
    return supervisor.claim(folder() / LOCK)


def _make() -> Path:
    _refuse_without_room()
    for left in folder().glob(f"{DRAFTS}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=DRAFTS, dir=folder()) as place:
        database = Path(place) / "database"
        now = timezone.now()
        rows = dumps.copy(database)
        manifest = Manifest(__version__, connection.vendor, now, migrations(), rows)
        path = _free(now)
        backup_file.pack(manifest, database, path)
    return path


def _free(at: datetime) -> Path:
    while (path := folder() / backup_file.name_for(at, __version__)).exists():
        at += timedelta(seconds=1)
    return path


def migrations() -> list[str]:
    """The migrations that the database has, as "app.name"."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def _refuse_without_room() -> None:
    # The copy and the packed one stand beside each other for a moment.
    free, needed = shutil.disk_usage(folder()).free, 2 * machine.size() + RESERVE
    if free < needed:
        raise dumps.Fault(
            f"only {filesizeformat(free)} are free in {folder()}, and {filesizeformat(needed)} are needed; "
            "the older backups are left as they are"
        )


def _thin() -> None:
    """Take the oldest away, so that as many are left as are to be kept."""
    good = [one for one in kept() if not one.fault]
    for one in good[max(1, options.fresh().backup_keep) :]:
        one.path.unlink(missing_ok=True)


def _note(**values: str) -> None:
    # The same full disk that a backup failed for refuses this, too; its age tells it all the same.
    with suppress(Error):
        options.change(**values)


def _tell(**values: Any) -> None:
    # A database that is not upgraded yet has no place for it.
    with suppress(Error):
        checkups.note_backup(timezone.now(), **values)


def begin() -> None:
    """Let a process of its own make one; what comes of it, the page shows."""
    # A task of the queue may start it, but it is none of the queue's processes: these are known by this name.
    environment = {name: value for name, value in os.environ.items() if name != "Q_CLUSTER_NAME"}
    subprocess.Popen(
        [sys.executable, "manage.py", "backup"],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def age(now: datetime) -> timedelta | None:
    """How old the newest good one is; None where there is none."""
    last = newest()
    return now.astimezone(UTC) - last.made_at if last else None
