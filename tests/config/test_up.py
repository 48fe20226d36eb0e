"""`manage.py up` as an operator has it: the real processes, and real kills."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from config import processes
from config.processes import Process

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

ROOT = Path(__file__).resolve().parents[2]


class Towerwatch:
    """An installation in a folder of its own."""

    def __init__(self, folder: Path, database: str) -> None:
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            self.port = str(trial.getsockname()[1])
        self.folder = folder
        self.database = database
        self.processes = [self.up()]

    def up(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env={**os.environ, "VAR": str(self.folder), "PORT": self.port, "DATABASE_URL": self.database},
            stdout=(self.folder / "log").open("a"),
            stderr=subprocess.STDOUT,
        )

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def mine(self) -> list[Process]:
        pids = set(processes.marked(f"TOWERWATCH_VAR={self.folder}"))
        return [process for process in processes.living() if process.pid in pids]

    def leader(self, *words: str) -> int:
        """The leader of the group whose command and environment have these words; 0 if there is none now."""
        for process in self.mine():
            with suppress(OSError):
                about = (Path(f"/proc/{process.pid}") / "cmdline").read_bytes()
                about += (Path(f"/proc/{process.pid}") / "environ").read_bytes()
                if process.pid == process.group and all(word.encode() in about for word in words):
                    return process.pid
        return 0

    def default(self) -> int:
        return self.leader("qcluster", "Q_CLUSTER_NAME=default")


def until(happens: Callable[[], object], seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def database() -> Iterator[str]:
    """An empty database of the kind that the tests run on; nothing means SQLite."""
    server, _, name = os.environ.get("DATABASE_URL", "").rpartition("/")
    if not server.startswith("postgres"):
        yield ""
        return
    empty = f"up_{secrets.token_hex(4)}"
    with psycopg.connect(f"{server}/{name}", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {empty}")
        yield f"{server}/{empty}"
        connection.execute(f"DROP DATABASE {empty} WITH (FORCE)")


@pytest.fixture
def towerwatch(tmp_path: Path, database: str) -> Iterator[Towerwatch]:
    running = Towerwatch(tmp_path, database)
    yield running
    for process in running.processes:
        process.kill()
        process.wait()
    processes.end_marked(f"TOWERWATCH_VAR={tmp_path}")
    print(running.log())


def test_it_starts_says_where_to_look_and_stops_within_five_seconds(towerwatch):
    until(towerwatch.answers)
    until(lambda: f"open http://localhost:{towerwatch.port}/setup/" in towerwatch.log())
    second = towerwatch.up()
    assert second.wait(timeout=20) == 2
    assert f"already runs in {towerwatch.folder} (process {towerwatch.processes[0].pid})" in towerwatch.log()
    towerwatch.processes[0].send_signal(signal.SIGINT)
    assert towerwatch.processes[0].wait(timeout=5) == 0
    assert towerwatch.mine() == []
    assert "Traceback" not in towerwatch.log()


@pytest.mark.parametrize("victim", ["leader", "sentinel", "worker"])
def test_when_a_part_of_a_cluster_is_killed_the_whole_cluster_is_new(towerwatch, victim):
    until(towerwatch.default)
    group = towerwatch.default()
    until(lambda: len(processes.descendants(group, 2)) == 5)
    time.sleep(3)
    (sentinel,) = processes.descendants(group, 1)
    worker = min(process.pid for process in processes.descendants(sentinel.pid, 1))
    os.kill({"leader": group, "sentinel": sentinel.pid, "worker": worker}[victim], signal.SIGKILL)
    until(lambda: towerwatch.default() not in (0, group), 15)
    assert not processes.lives(group)


def test_when_it_is_killed_nothing_works_on_and_the_next_start_works(towerwatch):
    until(towerwatch.answers)
    until(lambda: len(towerwatch.mine()) >= 10)
    towerwatch.processes[0].kill()
    until(lambda: not towerwatch.mine(), 3)
    towerwatch.processes[0].wait()
    towerwatch.processes.append(towerwatch.up())
    until(towerwatch.answers)


def test_when_it_and_its_guard_are_killed_the_next_start_ends_what_was_left(towerwatch):
    until(towerwatch.answers)
    until(lambda: len(towerwatch.mine()) >= 10)
    guard = towerwatch.leader("guard.py")
    os.kill(guard, signal.SIGSTOP)
    towerwatch.processes[0].kill()
    os.kill(guard, signal.SIGKILL)
    towerwatch.processes[0].wait()
    before = {process.pid for process in towerwatch.mine()}
    assert before
    towerwatch.processes.append(towerwatch.up())
    until(lambda: "processes that an earlier start had left behind" in towerwatch.log())
    until(lambda: not before & {process.pid for process in processes.living()})
    until(towerwatch.answers)
