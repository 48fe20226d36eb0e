"""Another process that subscribes people, one at a word."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
# "NUMBER EVENT" subscribes; with "before" it is killed between its write and the commit, with "after" after that.
PROGRAM = """
import os, signal, sys
import django
django.setup()
from django.db import connection, transaction
connection.settings_dict["NAME"] = sys.argv[1]
from notifications.models import Subscription
for line in sys.stdin:
    key, event, *killed = line.split()
    with transaction.atomic():
        if killed == ["after"]:
            transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
        Subscription.objects.create(event=event, recipient_kind="user", recipient_key=key)
        if killed == ["before"]:
            os.kill(os.getpid(), signal.SIGKILL)
    print(key, flush=True)
"""


class Writer:
    """A process that has Django, and writes what it is told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def subscribe(self, key: int, event: str = "incident.opened") -> None:
        """Subscribe a user by this number; returns once that is in the database."""
        self.say(f"{key} {event}")
        assert self.process.stdout
        assert self.process.stdout.readline().strip() == str(key)

    def be_killed(self, when: str, key: int, event: str = "incident.opened") -> None:
        """Subscribe, and be killed "before" the commit, or "after" it and before anybody is told."""
        self.say(f"{key} {event} {when}")
        assert self.process.wait(30) == -signal.SIGKILL

    def say(self, line: str) -> None:
        """Give it one line."""
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@contextmanager
def writer(var: Path | None = None, **environment: str) -> Iterator[Writer]:
    """Another process on this database; with a folder of its own it stands for one on another machine."""
    given = {"VAR": str(var or settings.VAR), "DJANGO_SETTINGS_MODULE": "config.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(connection.settings_dict["NAME"])],
        cwd=ROOT,
        env=os.environ | given | environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Writer(process)
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(10)
