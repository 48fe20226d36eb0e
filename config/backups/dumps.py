"""The whole database as one file, and back again: by SQLite's VACUUM INTO, or by PostgreSQL's own tools.

Neither holds up who writes meanwhile, and both see the database as it is at one moment.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.client import DatabaseClient

DEBIAN = Path("/usr/lib/postgresql")
APT = "On Debian or Ubuntu: apt-get install postgresql-client, in a version not older than the server's."


# Each row tells the cookie of somebody who is signed in: whoever finds a backup could go on as they.
SESSIONS = Session._meta.db_table


class Fault(Exception):
    """The database could not be copied or put back; the text says why."""


def copy(to: Path) -> dict[str, int]:
    """Write the database, without who is signed in, into the new file `to`; the rows of each table. Raises Fault."""
    return _copy_sqlite(to) if connection.vendor == "sqlite" else _copy_postgres(to)


def put_back(file: Path) -> None:
    """Replace the whole database by such a file, which SQLite takes away. Nobody else may use it. Raises Fault."""
    if connection.vendor == "sqlite":
        _replace_sqlite(file)
    else:
        _replace_postgres(file)


def rows() -> dict[str, int]:
    """The rows of each table, as this process sees them now."""
    with connection.cursor() as cursor:
        return _count(connection, cursor)


def tools_fault() -> str:
    """Why PostgreSQL's tools cannot copy this database; empty where they can, or none are needed."""
    if connection.vendor == "sqlite":
        return ""
    found = tool("pg_dump")
    if found is None or tool("pg_restore") is None:
        return "pg_dump or pg_restore is not installed here."
    theirs, ours = connection.pg_version // 10_000, _major(found)  # type: ignore[attr-defined]
    return f"pg_dump is of version {ours}, and the server of version {theirs}." if ours < theirs else ""


def tool(name: str) -> Path | None:
    """A program of PostgreSQL: the newest of those that Debian keeps beside each other, or the one on the path."""
    kept = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda file: file.parts[-3].zfill(4))
    if kept:
        return kept[-1]
    found = shutil.which(name)
    return Path(found) if found else None


def _major(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    numbers = [word.split(".")[0] for word in said.split() if word[0].isdigit()]
    return int("".join(filter(str.isdigit, numbers[0]))) if numbers else 0


def _copy_sqlite(to: Path) -> dict[str, int]:
    source = Path(connection.settings_dict["NAME"])
    if not source.exists():
        raise Fault(f"there is no database at {source}")
    try:
        with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=60)) as database:
            database.execute("VACUUM INTO ?", [str(to)])
        _sign_out(to)
        return check_sqlite(to)
    except sqlite3.Error as fault:
        raise Fault(f"SQLite could not copy it: {fault}") from None


def _sign_out(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [SESSIONS]).fetchone():
            # What is deleted is overwritten, too.
            database.execute("PRAGMA secure_delete = ON")
            database.execute(f"DELETE FROM {SESSIONS}")  # noqa: S608


def check_sqlite(file: Path) -> dict[str, int]:
    """The rows of each table of a database in a file, once SQLite finds no fault in all of it. Raises Fault."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            [found] = database.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise Fault(f"the copy is damaged: {found}")
            names = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            )
            quoted = [(name, name.replace('"', '""')) for (name,) in names.fetchall()]
            return {name: database.execute(f'SELECT count(*) FROM "{own}"').fetchone()[0] for name, own in quoted}  # noqa: S608
    except sqlite3.Error as fault:
        raise Fault(f"the copy cannot be read: {fault}") from None


def _replace_sqlite(file: Path) -> None:
    target = Path(connection.settings_dict["NAME"])
    connection.close()
    # What is in the old log belongs to the old file, and must never be read into the new one.
    with suppress(sqlite3.Error), closing(sqlite3.connect(target)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for ending in ("-wal", "-shm"):
        target.with_name(target.name + ending).unlink(missing_ok=True)
    try:
        file.replace(target)
    except OSError as fault:
        raise Fault(f"{target}: {fault.strerror}") from None


def _copy_postgres(to: Path) -> dict[str, int]:
    if why := tools_fault():
        raise Fault(f"{why} {APT}")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            # The rows are counted in the very state that is dumped.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            [snapshot] = cursor.fetchone()
            counted = {name: 0 if name == SESSIONS else count for name, count in _count(other, cursor).items()}
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
                 f"--exclude-table-data={SESSIONS}",
                 f"--file={to}", f"--dbname={other.settings_dict['NAME']}")  # fmt: skip
        return counted
    finally:
        other.close()


def _replace_postgres(file: Path) -> None:
    if why := tools_fault():
        raise Fault(f"{why} {APT}")
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        if tables:
            cursor.execute(f"DROP TABLE {', '.join(map(connection.ops.quote_name, tables))} CASCADE")
    connection.close()
    _run("pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
         f"--dbname={name}", str(file))  # fmt: skip


def _count(database: BaseDatabaseWrapper, cursor: Any) -> dict[str, int]:
    found = {}
    for table in sorted(database.introspection.table_names(cursor)):
        cursor.execute(f"SELECT count(*) FROM {database.ops.quote_name(table)}")  # noqa: S608
        found[table] = int(cursor.fetchone()[0])
    return found


def _run(name: str, *words: str) -> None:
    """Run a program of PostgreSQL against this database; its password is in nobody's list of processes."""
    # As Django starts psql: the words for user, host and port, and the rest in the environment.
    places, secrets = DatabaseClient.settings_to_cmd_args_env(dict(connection.settings_dict), [])
    where = places[1:-1] if places[-1] == connection.settings_dict["NAME"] else places[1:]
    done = subprocess.run(
        [str(tool(name)), *where, "--no-password", *words], env=_environment(secrets), capture_output=True, text=True
    )
    if done.returncode:
        raise Fault(f"{name}: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}")


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **{name: str(value) for name, value in (more or {}).items()}}
