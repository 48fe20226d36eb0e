"""Run everything: pages, queue and, in the demo, the invented network."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandParser, call_command

from config import assets, demo, env, preflight, processes, pulse
from config.metronome import Metronome
from config.supervisor import Child, Supervisor, Taken, claim

MARK = "TOWERWATCH_VAR"


class Command(BaseCommand):
    """`manage.py up`: one process that keeps all others running."""

    help = "Run Towerwatch: the pages, the queue's clusters and, with --demo, an invented network."

    def add_arguments(self, parser: CommandParser) -> None:
        """The flags of `up`."""
        parser.add_argument("--demo", action="store_true", help="run the demo, in a folder of its own (as DEMO=1)")
        parser.add_argument("--with-parent", action="store_true", help="stop when what started this is gone")

    def handle(self, *, demo: bool, with_parent: bool, **options: Any) -> None:
        """Check, prepare, run, and leave nothing behind."""
        if demo and not settings.DEMO:
            # The settings were read without it; the same process reads them anew.
            os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"DEMO": "1"})  # noqa: S606
        # A terminal that hangs up signals only its session's leader, and make does not pass that on.
        start = starter()
        try:
            lock = claim(Path(settings.VAR) / "up.lock")
            run(lambda: not with_parent or starter() == start)
            lock.close()
        except Taken as other:
            env.leave(f"already runs in {settings.VAR} (process {other}): stop it first, or name another folder by VAR")
        except KeyboardInterrupt:
            sys.exit(130)


def starter() -> tuple[int, bool]:
    """What started this: the process, and whether there is a terminal."""
    return os.getppid(), os.isatty(0)


def run(going: Callable[[], bool]) -> None:
    """Make ready, then keep everything running until told to stop."""
    os.chdir(settings.BASE_DIR)
    mark = (MARK, str(settings.VAR))
    if left := processes.end_marked("=".join(mark)):
        say(f"ended {left} processes that an earlier start had left behind")
    first_page = make_ready()
    metronome = Metronome()
    supervisor = Supervisor(children(metronome), mark, say, going)
    metronome.start()
    threading.Thread(target=announce, args=(first_page,), daemon=True).start()
    try:
        supervisor.run()
    finally:
        metronome.end()
    say(f"stopped: {supervisor.why}")


def make_ready() -> str:
    """Check the surroundings, bring database and files up to date; the address of the first page."""
    from config.setup import prepare

    preflight.port()
    preflight.database()
    preflight.whole()
    preflight.queue()
    say("getting ready ...")
    keep_what_is_older()
    call_command("migrate", interactive=False, verbosity=0)
    assets.collect()
    pulse.clear()
    return prepare(settings.DEMO)


def keep_what_is_older() -> None:
    """Back up a database in use before its tables are changed, should somebody start newer code without an upgrade."""
    from config import machine
    from config.backups import backup, restore

    if settings.DEMO or not machine.missing_migrations() or not restore.in_use():
        return
    try:
        say(f"its tables are older than this version: backed up to {backup.make()}")
    except backup.Failed as fault:
        env.leave(f"its tables are older than this version, and cannot be backed up before they are changed: {fault}")


def children(metronome: Metronome) -> list[Child]:
    """The processes that make up Towerwatch."""
    web = [sys.executable, "-m", "config.serve"]
    cluster = [sys.executable, "manage.py", "qcluster"]
    # A cluster's own forks are its sentinel and, below that, workers, monitor and pusher. A shift goes on for minutes
    # and may be cut at any time, so nothing is gained by waiting for it.
    default = Child("cluster default", cluster, {"Q_CLUSTER_NAME": "default"}, 2, ailing=metronome.default_ails)
    looking = Child("cluster looking", cluster, {"Q_CLUSTER_NAME": "looking"}, 2, 1.0, metronome.looking_ails)
    invented = [sys.executable, "-m", "agents.simulated", "--control", str(demo.SOCKET), "--port", str(demo.port())]
    invented += ["--uisp", str(demo.uisp_port())]
    network = Child("invented network", invented, wanted=lambda: metronome.has_demo)
    return [Child("web", web), default, looking, network]


def announce(first_page: str) -> None:
    """Say where to look, as soon as the pages answer."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
    while True:
        try:
            socket.create_connection((host, settings.PORT), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            say(f"open {first_page} in a browser; Ctrl-C stops everything")
            return


def say(line: str) -> None:
    """One line for whoever started this; a closed terminal is no reason to fail."""
    with suppress(OSError):
        print(f"towerwatch: {line}", flush=True)
