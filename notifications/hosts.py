"""Several hosts: what a process of another machine has changed is heard by PostgreSQL's NOTIFY, or by a look a second.

On one host nobody needs this: there the version in the mapped file says it at once (see version.py).
"""

from __future__ import annotations

import hashlib
import os
import select
import socket
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, connection

SEVERAL = "SEVERAL"
CHANNEL = "towerwatch_interest"
# Seconds after which the database is asked, whatever was heard: nobody is further behind than a second.
LOOK_EVERY = 0.9


# What tells machines apart beside their names, which clones of one have in common (systemd's machine-id(5)).
MACHINE = Path("/etc/machine-id")


def mark_of(name: str, machine: str) -> str:
    """What a host is called in leases, in 15 signs: of long names the beginnings may be the same."""
    return f"{name[:8]}-{hashlib.sha256(f'{name} {machine}'.encode()).hexdigest()[:6]}"


HERE = mark_of(socket.gethostname(), MACHINE.read_text() if MACHINE.is_file() else "")


class Ear:
    """Listens for the word of other hosts, by a connection of its own for each process."""

    def __init__(self) -> None:
        self.process = 0
        self.look_at = 0.0
        self.line: Any = connection.copy()
        self.poll: select.poll | None = None

    def has_news(self) -> bool:
        """May anything have changed since `take` was last called?"""
        if time.monotonic() >= self.look_at or self.process != os.getpid():
            return True
        return self.poll is not None and bool(self.poll.poll(0))

    def take(self) -> None:
        """Take in what was said. Called before the database is asked, so that nothing falls in between."""
        self.look_at = time.monotonic() + LOOK_EVERY
        try:
            if self.poll is None or self.process != os.getpid():
                self._listen()
            for _ in self.line.connection.notifies(timeout=0):
                pass
        except (Error, self.line.Database.Error):
            # The line is broken: until the next look, which makes another, there is nothing to hear.
            self.line.close()
            self.poll = None

    def _listen(self) -> None:
        # What a process has from the one that made it is that one's, and stays open there.
        self.process, self.line = os.getpid(), connection.copy()
        self.line.connect()
        self.line.connection.execute(f"LISTEN {CHANNEL}")
        self.poll = select.poll()
        self.poll.register(self.line.connection.fileno(), select.POLLIN)


def ear() -> Ear | None:
    """What hears of other hosts, where there are several."""
    return Ear() if settings.HOSTS == SEVERAL else None


def tell() -> None:
    """Let the other hosts know, as soon as the caller's transaction is in the database."""
    if settings.HOSTS == SEVERAL:
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
