"""A PostgreSQL server of one's own, as Debian ships it and with its default durability, that is gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
DEBIAN = Path("/usr/lib/postgresql")


class NoPostgres(Exception):
    """There is no PostgreSQL server here, or it does not start. The text says which."""


@dataclass(frozen=True)
class Server:
    """Where it is reached (as DATABASE_URL, by a unix socket), and the process that all its others hang on."""

    url: str
    pid: int


@contextmanager
def server() -> Iterator[Server]:
    """Make a database cluster in a temporary folder and serve it as long as the block lasts; raises NoPostgres."""
    place = _programs()
    with tempfile.TemporaryDirectory(prefix="towerwatch-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        data = f"{folder}/data"
        _run(place / "initdb", "-D", data, "-U", "towerwatch", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        _run(place / "pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", f"-k {folder} -h ''", "start")
        try:
            _run(place / "createdb", "-h", folder, "-U", "towerwatch", "towerwatch")
            pid = int(Path(data, "postmaster.pid").read_text().split("\n")[0])
            yield Server(f"postgres://towerwatch@/{folder}/towerwatch", pid)
        finally:
            _run(place / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def cpu_seconds(pid: int) -> float:
    """The CPU time (user and system) of a server so far: of all its processes, those that have ended as well."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if pid in (int(entry.name), int(fields[1])):
            # utime and stime; of the first process also those of its children that are no more.
            ticks += sum(int(field) for field in fields[11 : 15 if int(entry.name) == pid else 13])
    return ticks / TICKS


def _programs() -> Path:
    places = [*DEBIAN.glob("*/bin"), *(Path(found).parent for found in [shutil.which("pg_ctl")] if found)]
    servers = [place for place in places if (place / "initdb").exists()]
    if not servers:
        raise NoPostgres("no PostgreSQL server is installed here")
    return max(servers, key=lambda place: [int(part) if part.isdigit() else 0 for part in place.parts])


def _run(program: Path, *words: str) -> None:
    """Run a program of PostgreSQL, which refuses to be root, as the user who owns the folder."""
    user, others = ("postgres", list[str]()) if os.geteuid() == 0 else (None, None)
    command = [str(program), *words]
    # pg_ctl leaves the server behind with these descriptors: a pipe would not end before it does.
    done = subprocess.run(
        command,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        group=user,
        extra_groups=others,
        check=False,
    )
    if done.returncode:
        raise NoPostgres(f"{program.name} failed ({done.returncode})")
