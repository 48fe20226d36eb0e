"""Keep a few child processes running, each with all its offspring in a process group of its own.

A child that ends, ails or loses one of its forks is killed with its whole group and started again. When the supervisor
is told to stop, or is itself killed, nothing is left behind: see `guard`.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from config import processes
from config.guard import Guard
from config.processes import Process, signal_group

# Seconds: one turn of the loop; from one look at the forks to the next; how old a fork is before it can be missed.
TICK = 0.1
LOOK = 1.0
GROWN = 2.0
# Seconds: for a child to stop by itself; before it is started again, doubled with each failure up to the longest.
GRACE = 3.5
FIRST_WAIT = 0.2
LONGEST_WAIT = 3.0
# After so many failures in a row it is said once; a child that runs for so many seconds has none any more.
GIVEN_UP_QUICK_TRIES = 5
STEADY = 10.0


class Taken(Exception):
    """Another process holds the lock; its number, or nothing, is the text."""


def claim(file: Path) -> TextIO:
    """Hold a lock file as long as this process lives and keeps what is returned; children do not inherit it."""
    lock = file.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        raise Taken(lock.read().strip()) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


@dataclass(frozen=True)
class Child:
    """What to run. No fork of it, so many generations deep, may end by itself: without one of them it may hang.

    `ailing` is asked each second, with the number of the process group and the time since its start, and says what is
    wrong with it, or nothing. At the end the child has `grace` seconds to stop by itself. It runs while it is `wanted`.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    generations: int = 0
    grace: float = GRACE
    ailing: Callable[[int, float], str] = lambda group, age: ""
    wanted: Callable[[], bool] = lambda: True


class Post:
    """One child's place: the process that fills it, and when the next one is due."""

    def __init__(self, child: Child, guard: Guard, environment: dict[str, str], say: Callable[[str], None]) -> None:
        self.child = child
        self.guard = guard
        self.environment = environment | child.environment
        self.say = say
        self.process: subprocess.Popen[bytes] | None = None
        self.last_group = 0
        self.started = self.due = self.looked = 0.0
        self.failures = 0
        self.forks: set[Process] = set()

    def tend(self, now: float) -> None:
        """Start what is due, notice what has ended, and now and then look closer."""
        if not self.child.wanted():
            self._dismiss()
        elif self.process is None:
            self._start_when_due(now)
        elif (status := self.process.poll()) is not None:
            self._lose(now, f"was killed by signal {-status}" if status < 0 else f"ended with status {status}")
        elif now - self.looked >= LOOK:
            self.looked = now
            self._look(now, self.process.pid)

    def ask_to_stop(self) -> None:
        """Ask the leader alone: it knows in which order its own forks end well."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def has_stopped(self, waited: float) -> bool:
        """The leader has ended, or there was none, or it had its time."""
        return self.process is None or self.process.poll() is not None or waited >= self.child.grace

    def end(self) -> None:
        """Kill whatever is left of the group."""
        if self.process is not None:
            signal_group(self.process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
            self.guard.discard(self.process.pid)
            self.process = None

    def _dismiss(self) -> None:
        self.ask_to_stop()
        if self.process is not None and self.process.poll() is not None:
            self.end()
        self.due = 0.0

    def _start_when_due(self, now: float) -> None:
        # Never two: the last group's processes are killed, and given a moment to be gone.
        if now < self.due or (now < self.due + 2 and self.last_group and processes.lives(self.last_group)):
            return
        try:
            self.process = subprocess.Popen(self.child.command, env=self.environment, start_new_session=True)
        except OSError as fault:
            self._wait_longer(now, f"cannot start: {fault}")
            return
        self.guard.add(self.process.pid)
        self.last_group = self.process.pid
        self.started = self.looked = now
        self.forks = set()

    def _look(self, now: float, group: int) -> None:
        if self.failures and now - self.started >= STEADY:
            if self.failures >= GIVEN_UP_QUICK_TRIES:
                self.say(f"{self.child.name} runs again")
            self.failures = 0
        if why := self._lost_fork(group) or self.child.ailing(group, now - self.started):
            self._lose(now, why)

    def _lost_fork(self, group: int) -> str:
        if not self.child.generations:
            return ""
        seen = processes.descendants(group, self.child.generations)
        # A helper that runs for a moment may end as it likes; by the next look it would not be this old.
        lost = [fork for fork in self.forks - seen if fork.age() >= GROWN]
        self.forks = seen
        return f"lost its process {min(lost).pid}" if lost else ""

    def _lose(self, now: float, why: str) -> None:
        self.end()
        self._wait_longer(now, why)

    def _wait_longer(self, now: float, why: str) -> None:
        self.failures += 1
        wait = min(FIRST_WAIT * 2 ** (self.failures - 1), LONGEST_WAIT)
        self.due = now + wait
        if self.failures == 1:
            self.say(f"{self.child.name} {why}: it is started again")
        elif self.failures == GIVEN_UP_QUICK_TRIES:
            self.say(f"{self.child.name} keeps ending ({why}): it is tried again every {wait:.0f} s")


class Supervisor:
    """Runs the children until a signal comes, or `going` says no.

    `mark` is an environment entry (name, value) that every child inherits: what still carries it at the end has left
    its group, and is killed too.
    """

    def __init__(
        self,
        children: list[Child],
        mark: tuple[str, str],
        say: Callable[[str], None],
        going: Callable[[], bool] = lambda: True,
    ) -> None:
        self.mark = "=".join(mark)
        self.going = going
        self.told_to_stop = False
        self.why = "what started it has ended"
        environment = {**os.environ, mark[0]: mark[1]}
        self.guard = Guard(environment)
        self.posts = [Post(child, self.guard, environment, say) for child in children]

    def run(self) -> None:
        """Keep the children running; return when all of them have ended for good."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # nohup ignores SIGHUP on purpose.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)
        try:
            while not self.told_to_stop and self.going():
                self.guard.tend()
                for post in self.posts:
                    post.tend(time.monotonic())
                time.sleep(TICK)
        finally:
            self._stop()

    def _note(self, number: int, frame: object) -> None:
        self.told_to_stop, self.why = True, signal.Signals(number).name

    def _stop(self) -> None:
        asked = time.monotonic()
        for post in self.posts:
            post.ask_to_stop()
        while not all(post.has_stopped(time.monotonic() - asked) for post in self.posts):
            time.sleep(TICK / 2)
        for post in self.posts:
            post.end()
        self.guard.close()
        processes.end_marked(self.mark, 0.5)
