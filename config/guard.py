"""What stays when the supervisor is killed outright: a small process that then kills every group it was told of.

It reads "+GROUP" and "-GROUP" lines from a pipe whose other end only the supervisor holds. The kernel closes that end
however the supervisor dies, so the end of the pipe is the one message that cannot be lost.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress


def watch(lines: Iterable[str]) -> None:
    """Follow the groups until the lines end, then kill those that are left."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)


class Guard:
    """The supervisor's end: it tells the guard process of each group, and replaces it when it dies."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.groups: set[int] = set()
        self.process = self._begin()

    def add(self, group: int) -> None:
        """From now on the group dies with the supervisor."""
        self.groups.add(group)
        self._tell(f"+{group}")

    def discard(self, group: int) -> None:
        """The group is gone, and its number may soon be somebody else's."""
        self.groups.discard(group)
        self._tell(f"-{group}")

    def tend(self) -> None:
        """Replace a dead guard by one that knows the same groups."""
        if self.process.poll() is not None:
            self._close_pipe()
            self.process = self._begin()
            for group in self.groups:
                self._tell(f"+{group}")

    def close(self) -> None:
        """Let the guard end; it kills what it still knows of."""
        self._close_pipe()
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _begin(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", os.path.abspath(__file__)]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True, env=self.environment, cwd="/"
        )

    def _tell(self, line: str) -> None:
        assert self.process.stdin
        # A dead guard's pipe is broken; tend() tells its successor everything.
        with suppress(OSError):
            self.process.stdin.write(f"{line}\n".encode())

    def _close_pipe(self) -> None:
        assert self.process.stdin
        with suppress(OSError):
            self.process.stdin.close()


if __name__ == "__main__":
    watch(sys.stdin)
