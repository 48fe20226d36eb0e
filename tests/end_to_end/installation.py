"""Towerwatch as an operator runs it: `manage.py up` with a folder, a port and a database of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from bench.namespaces import Network
from config import processes
from config.processes import Process
from tests.end_to_end.browser import Browser

ROOT = Path(__file__).resolve().parents[2]
FIRST_PAGE = re.compile(r"towerwatch: open (\S+) in a browser")
ORPHAN = " (orphan)"
GONE = "gone"
NOT_OURS = ("DATABASE_URL", "DEMO", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL", "REDIS_URL", "SECRET_KEY", "SHARDS")


def until(happens: Callable[[], Any], what: str, seconds: float = 15) -> float:
    """Wait for something; how long it took."""
    start = time.monotonic()
    while not happens():
        assert time.monotonic() - start < seconds, f"no {what} within {seconds} s"
        time.sleep(0.03)
    return time.monotonic() - start


class Installation:
    """One folder, and the processes that `manage.py up` runs in it; where a network is given, in its asking half."""

    def __init__(self, folder: Path, database_url: str, alias: str, network: Network | None) -> None:
        self.var = folder
        self.alias = alias
        self.network = network
        self.port = free_port()
        self.mark = f"TOWERWATCH_VAR={folder}"
        self.log = folder / "up.log"
        self.up: subprocess.Popen | None = None
        kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        self.environment = kept | {"VAR": str(folder), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        if database_url:
            self.environment["DATABASE_URL"] = database_url

    def start(self, *flags: str) -> str:
        """Run `up` until its pages answer; the address that it names on the console."""
        said = len(FIRST_PAGE.findall(self.said()))
        with self.log.open("ab") as log:
            self.up = subprocess.Popen(
                self._command("manage.py", "up", *flags),
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: self.up.poll() is not None or len(FIRST_PAGE.findall(self.said())) > said, "first page", 40)
        assert self.up.poll() is None, self.said()
        return FIRST_PAGE.findall(self.said())[-1]

    def said(self) -> str:
        """Everything on the console so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def write(self, **plan: Any) -> None:
        """Write rows by the product's own actions (see writes.py)."""
        self.run("-m", "tests.end_to_end.writes", text=json.dumps(plan))

    def run(self, *words: str, text: str = "") -> str:
        """Run Python in the environment of this installation."""
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.environment, input=text, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, model: Any) -> Any:
        """The rows of a model, read from outside."""
        return model._base_manager.using(self.alias)

    def browser(self) -> Browser:
        """A browser on this installation's pages."""
        return Browser(self.port, self.network.enter if self.network else nullcontext)

    def census(self) -> dict[int, str]:
        """The name of every process that `up` has started: "web", "guard", "looking", "looking > 1 > 2"."""
        named: dict[int, str] = {}
        forks: Counter[int] = Counter()
        for process in self._processes():
            if process.parent in named:
                forks[process.parent] += 1
                named[process.pid] = f"{named[process.parent]} > {forks[process.parent]}"
            else:
                named[process.pid] = _name(process)
        return named

    def doubles(self) -> set[str]:
        """The names of those that run in more than one process group: forks count as what they were forked from."""
        groups = {(_name(process).removesuffix(ORPHAN), process.group) for process in self._processes()}
        counted = Counter(name for name, _ in groups if name != GONE)
        return {name for name, count in counted.items() if count > 1}

    def _processes(self) -> list[Process]:
        ours = set(processes.marked(self.mark))
        return sorted((one for one in processes.living() if one.pid in ours), key=lambda one: (one.born, one.pid))

    def left(self) -> list[int]:
        """Every process of it that lives."""
        alive = [self.up.pid] if self.up and self.up.poll() is None else []
        return alive + processes.marked(self.mark)

    def kill(self) -> None:
        """Kill -9 every process at the same moment."""
        while left := self.left():
            for pid in left:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def end(self) -> None:
        """Leave nothing behind, whatever has happened."""
        self.kill()
        if self.up:
            self.up.wait(5)
        print(self.said())

    def _command(self, *words: str) -> list[str]:
        command = [sys.executable, *words]
        return self.network.command(*command) if self.network else command


def _name(process: Process) -> str:
    try:
        words = Path(f"/proc/{process.pid}/cmdline").read_text().split("\0")
        values = Path(f"/proc/{process.pid}/environ").read_text().split("\0")
    except OSError:
        return GONE
    if words == [""]:
        return GONE  # it has ended, and nobody has asked yet how
    cluster = next((value for value in values if value.startswith("Q_CLUSTER_NAME=")), "").partition("=")[2]
    if "qcluster" in words:
        return cluster if process.group == process.pid else f"{cluster}{ORPHAN}"
    known = {"config.serve": "web", "agents.simulated": "invented network"}
    return next((known[word] for word in words if word in known), Path(words[2]).stem if len(words) > 2 else words[0])


def free_port() -> int:
    """A port of this machine on which nobody listens at the moment."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]
