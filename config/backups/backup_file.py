"""The file of a backup: a packed archive that holds a manifest, and behind it the database as one file."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
LARGEST_MANIFEST = 1 << 20
NAME = re.compile(r"towerwatch-(\d{8}T\d{6})Z-[\w.+-]+\.tar\.gz")
UNREADABLE = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, KeyError, TypeError)


class NotABackup(Exception):
    """This file is no backup, or not a whole one; the text says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: `migrations` as "app.name", `rows` by table, `made_at` in UTC."""

    version: str
    vendor: str
    made_at: datetime
    migrations: list[str]
    rows: dict[str, int]
    format: int = FORMAT

    def written(self) -> bytes:
        """As the file holds it."""
        return json.dumps(asdict(self) | {"made_at": self.made_at.isoformat()}, indent=1, sort_keys=True).encode()


def name_for(at: datetime, version: str) -> str:
    """The name of a backup made at this moment: in the order of names they are in the order of time."""
    return f"towerwatch-{at.astimezone(UTC):%Y%m%dT%H%M%S}Z-{version}.tar.gz"


def made_at(path: Path) -> datetime | None:
    """The moment that the name of a backup tells; None where it is none of ours."""
    found = NAME.fullmatch(path.name)
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def pack(manifest: Manifest, database: Path, to: Path) -> None:
    """Write the archive, read it back whole, and only then give it its name: what has the name is good.

    Raises OSError where the disk does not take it, NotABackup where it does not give it back.
    """
    draft = database.with_name("draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        # Packed harder it takes three times as long and saves a tenth.
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=3) as archive:
            text = manifest.written()
            about = tarfile.TarInfo(MANIFEST)
            about.size, about.mtime = len(text), int(manifest.made_at.timestamp())
            archive.addfile(about, io.BytesIO(text))
            archive.add(database, DATABASE, filter=_anonymous)
        out.flush()
        os.fsync(out.fileno())
    check(draft)
    draft.rename(to)
    _sync(to.parent)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check(path: Path) -> Manifest:
    """Read a backup to its end; what it says of itself. Raises NotABackup."""
    with _opened(path) as archive:
        manifest = _manifest(archive)
        with _database(archive) as database:
            while database.read(1 << 20):
                pass
        return manifest


def manifest_of(path: Path) -> Manifest:
    """What a backup says of itself, by a look at its beginning alone. Raises NotABackup."""
    with _opened(path) as archive:
        return _manifest(archive)


def unpack(path: Path, to: Path) -> None:
    """Write the database of a backup into a new file that only its owner may read. Raises NotABackup."""
    with _opened(path) as archive:
        _manifest(archive)
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with _database(archive) as database, os.fdopen(descriptor, "wb") as out:
            shutil.copyfileobj(database, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    if not path.is_file():
        raise NotABackup(f"there is no file {path}")
    try:
        with tarfile.open(path, "r:gz") as archive:
            yield archive
    except NotABackup:
        raise
    except UNREADABLE as fault:
        raise NotABackup(f"this is no backup, or not a whole one: {_words(fault)}") from None


def _words(fault: BaseException) -> str:
    return " ".join(str(fault).split()) or type(fault).__name__


def _manifest(archive: tarfile.TarFile) -> Manifest:
    member = archive.next()
    file = archive.extractfile(member) if member and member.name == MANIFEST and member.isfile() else None
    if file is None or member is None or member.size > LARGEST_MANIFEST:
        raise NotABackup("it has no manifest")
    found: dict[str, Any] = json.loads(file.read())
    if found.pop("format") != FORMAT:
        raise NotABackup("it is of a later kind: take a newer Towerwatch")
    return Manifest(**found | {"made_at": datetime.fromisoformat(found["made_at"])})


@contextmanager
def _database(archive: tarfile.TarFile) -> Iterator[Any]:
    member = archive.next()
    file = archive.extractfile(member) if member and member.name == DATABASE and member.isfile() else None
    if file is None:
        raise NotABackup("there is no database in it")
    with file:
        yield file
    # The sum over everything stands at its very end, and is compared when that is read.
    while archive.fileobj and archive.fileobj.read(1 << 20):
        pass
