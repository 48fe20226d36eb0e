"""What is measured runs in a process of its own, with a folder and a database that nothing else has."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from bench import postgres

# What would have it use what the operator of this machine uses.
OTHERS = ("DATABASE_URL", "DEMO", "REDIS_URL")
T = TypeVar("T")


class Failed(Exception):
    """It did not come to its end. The text says on which database."""


def on_both(measured: Callable[[str, dict[str, str]], T]) -> tuple[T, T | None]:
    """Measure by name and settings on SQLite, then on PostgreSQL; None where there is no server for it."""
    on_sqlite = measured("sqlite", {})
    try:
        with postgres.server() as server:
            return on_sqlite, measured("postgres", {"DATABASE_URL": server.url, "SERVER": str(server.pid)})
    except postgres.NoPostgres as reason:
        print(reason, flush=True)
        return on_sqlite, None


@contextmanager
def environment(settings: dict[str, str]) -> Iterator[dict[str, str]]:
    """That of such a process, with these settings; its folder is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="towerwatch-bench-", ignore_cleanup_errors=True) as var:
        kept = {key: value for key, value in os.environ.items() if key not in OTHERS}
        yield kept | {"VAR": var, "DJANGO_SETTINGS_MODULE": "config.settings"} | settings


def last_words(name: str, command: Sequence[str], given: dict[str, str]) -> list[str]:
    """Run it and print its lines as they come, but for one of "figures"; the words of the last one. Raises Failed."""
    words: list[str] = []
    with subprocess.Popen(command, env=given, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            words = line.split()
            if words[:1] != ["figures"]:
                print(f"{name}: {line}", end="", flush=True)
    if process.returncode:
        raise Failed(f"{name}: it failed")
    return words
