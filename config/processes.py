"""Processes as /proc shows them, and ends to them. Without a /proc (not Linux) nothing is found."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
ZOMBIES = "ZX"
# /proc/PID/stat counts the time of birth in these since the machine started: proc(5).
TICKS = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """A living process; `born` tells it from a later one with the same number."""

    pid: int
    parent: int
    group: int
    born: int

    def age(self) -> float:
        """The seconds since it began, also of one that has ended."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.born / TICKS


def living() -> Iterator[Process]:
    """Every process but those that only wait to be reaped."""
    for entry in _entries():
        with suppress(OSError):
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if fields[0] not in ZOMBIES:
                yield Process(int(entry.name), int(fields[1]), int(fields[2]), int(fields[19]))


def descendants(leader: int, generations: int) -> set[Process]:
    """The living processes below `leader`, so many generations deep."""
    everyone = list(living())
    found: set[Process] = set()
    parents = {leader}
    for _ in range(generations):
        children = {process for process in everyone if process.parent in parents}
        parents = {process.pid for process in children}
        found |= children
    return found


def marked(mark: str) -> list[int]:
    """The living processes that inherited the environment entry `mark` (NAME=value), without this one."""
    wanted = mark.encode()
    found = []
    for entry in _entries():
        with suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def end_marked(mark: str, seconds: float = 3.0) -> int:
    """Kill the processes that carry `mark`, wait until they are gone, and say how many they were."""
    seen: set[int] = set()
    limit = time.monotonic() + seconds
    while (pids := marked(mark)) and time.monotonic() < limit:
        seen |= set(pids)
        for pid in pids:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    return len(seen)


def signal_group(group: int, number: int) -> None:
    """Send a signal to all of a process group."""
    with suppress(OSError):
        os.killpg(group, number)


def lives(group: int) -> bool:
    """Whether a process group has a member that does not only wait to be reaped."""
    return any(process.group == group for process in living())


def _entries() -> list[Path]:
    return [PROC / name for name in os.listdir(PROC) if name.isdigit()] if PROC.is_dir() else []
