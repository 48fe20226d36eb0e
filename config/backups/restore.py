"""Putting a backup back: into an empty database, or over one that was backed up just before.

Afterwards nothing is sent before an administrator has seen what waits: some of it was sent after the backup was made.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from django_q.models import OrmQ

from agents.models import Lease
from config import __version__, options
from config.backups import backup, backup_file, dumps, keys
from config.backups.backup_file import Manifest, NotABackup
from config.models import User
from customers.models import Customer, Equipment
from notifications import audit
from notifications.delivery import pause
from notifications.models import Delivery

IN_USE = "the database is in use: with --force it is backed up, and then replaced"
DRAFTS = ".restore-"
# A file of VAR, there from the moment at which the database is replaced until nothing in it is sent by itself.
UNFINISHED = "restore-unfinished"
VENDORS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Refused(Exception):
    """It was not put back, and the database is as it was; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and what was taken off for want of the old keys, in words."""

    manifest: Manifest
    dropped: list[str]


def restore(file: Path, *, force: bool) -> Restored:
    """Put a backup back, bring it up to date, and make sure that it sends nothing.

    Raises Refused, backup.Failed (the backup before it, with `force`), or dumps.Fault half-way on PostgreSQL.
    """
    manifest = fitting(file)
    saved = None
    if in_use():
        if not force:
            raise Refused(IN_USE)
        # The one to put back may be the oldest that is kept.
        saved = backup.make(thin=False)
    try:
        put_back(file, manifest)
    except dumps.Fault as fault:
        raise dumps.Fault(f"{fault}; what was there before is in {saved}" if saved else str(fault)) from None
    bring_up_to_date()
    dropped = quieten()
    audit.note("restored", f"made {manifest.made_at:%F %T} UTC by Towerwatch {manifest.version}", file.name)
    finish()
    return Restored(manifest, dropped)


def fitting(file: Path) -> Manifest:
    """What a backup says of itself, if this Towerwatch can put it back here. Raises Refused."""
    try:
        manifest = backup_file.check(file)
    except NotABackup as fault:
        raise Refused(str(fault)) from None
    if manifest.vendor != connection.vendor:
        theirs, ours = VENDORS.get(manifest.vendor, manifest.vendor), VENDORS[connection.vendor]
        raise Refused(f"it is a backup of {theirs}, and DATABASE_URL names {ours}: it can only go back to {theirs}")
    unknown = set(manifest.migrations) - {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if _numbers(manifest.version) > _numbers(__version__) or unknown:
        raise Refused(
            f"it was made by Towerwatch {manifest.version}, and this is {__version__}: take that version or a later one"
        )
    return manifest


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def in_use() -> bool:
    """Is there anything in the database that anybody would miss?"""
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
    models = (model for model in (User, Customer, Equipment) if model._meta.db_table in there)
    return any(_holds_rows(model._meta.db_table) for model in models)


def _holds_rows(table: str) -> bool:
    # By its name alone: a table of another version has other columns.
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608
        return cursor.fetchone() is not None


def put_back(file: Path, manifest: Manifest) -> None:
    """Replace the database by that of a backup, whose rows are counted. Raises Refused or dumps.Fault.

    Until the caller says `finish`, Towerwatch does not start: what dies in between would send what is old.
    """
    for left in _beside().glob(f"{DRAFTS}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=DRAFTS, dir=_beside()) as place:
        database = Path(place) / "database"
        try:
            backup_file.unpack(file, database)
        except OSError as fault:
            raise Refused(f"it cannot be unpacked: {fault.strerror}") from None
        if connection.vendor == "sqlite":
            _compare(dumps.check_sqlite(database), manifest)
        _replace(database, file.name)
    if connection.vendor != "sqlite":
        _compare(dumps.rows(), manifest)


def _replace(database: Path, name: str) -> None:
    _mark().write_text(name)
    try:
        dumps.put_back(database)
    except dumps.Fault:
        if connection.vendor == "sqlite":
            # There it is one step, which was not taken.
            finish()
        raise


def _mark() -> Path:
    return Path(settings.VAR) / UNFINISHED


def unfinished() -> str:
    """The name of the backup whose putting back was broken off; empty where none was."""
    return _mark().read_text() if _mark().exists() else ""


def finish() -> None:
    """The database is whole, and may be used."""
    _mark().unlink(missing_ok=True)


def _beside() -> Path:
    """A folder on the disk of the database, so that the last step is only a change of names."""
    return Path(connection.settings_dict["NAME"]).parent if connection.vendor == "sqlite" else Path(settings.VAR)


def _compare(found: dict[str, int], manifest: Manifest) -> None:
    other = sorted(table for table in found.keys() | manifest.rows if found.get(table) != manifest.rows.get(table))
    if other:
        raise dumps.Fault(f"other rows came back than it says were put in, in {', '.join(other)}")


def bring_up_to_date() -> None:
    """Bring the tables to those of this version."""
    call_command("migrate", interactive=False, verbosity=0)


def quieten() -> list[str]:
    """Nothing of the old life goes on by itself: nobody is signed in, nothing is claimed, nothing is sent.

    What no key opens and nobody could enter anew is taken off; what that was, in words.
    """
    now = timezone.now()
    with transaction.atomic():
        Session.objects.all().delete()
        Lease.objects.update(until=None)
        Delivery.objects.filter(state=Delivery.State.WAITING).update(leased_until=None, lease="")
        # Wake-ups of another day: every job finds its own work.
        OrmQ.objects.all().delete()
        options.change(restored_at=now.isoformat(), clock_step={}, disk_free=[])
        pause.pause(why=f"a backup was put back on {now:%Y-%m-%d at %H:%M} UTC")
        return keys.drop_lost()
