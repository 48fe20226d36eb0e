"""Kill -9 under load: nothing that was committed is lost, and nothing is told twice in the inbox.

Whole installations (`manage.py up`), one on SQLite and one on PostgreSQL, with half of the kills each. Saves come by
the web: four savers add sites through the API, and four people hear of each, in their inbox and by e-mail. Meanwhile
the web process, the queue's cluster, its sentinel and its forks (workers, monitor, pusher) are killed at random, each
time while e-mails are leaving. Half-way the mail server lets nobody in for 15 seconds.

The database says what was committed: a site is there or it is not. For each of them, and each person, there has to be
one notice, and its message has to have come to the mail server, which counts by Message-ID.

  lost           notices that are missing, and messages that never came; and sites that the web had said were saved
  doubled_inbox  notices of one site to one person beyond the first
  doubled_email  messages that came more often than once. A process sends one message by each of its lanes at a time,
                 and has one lane as long as the server is quick: about as many as worker processes were killed at most

`python -m bench.kill_notify --kills 100`; about ten minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import postgres, sinks
from bench.notify import free_port
from tests.end_to_end.installation import Installation

PEOPLE, SAVERS, WORKERS = 4, 4, 2
# Seconds from one save to the next of each saver: more than that is written faster than killed workers send.
BETWEEN = 0.25
REFUSES = 15
# Seconds: of load between two kills; until what was killed has to run again; until all has to have left at the end.
LOAD, RUNS_AGAIN, LEFT = (0.5, 3.0), 60.0, 900.0


def main() -> int:
    """Print how it goes, then the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    kills = parser.parse_args().kills
    # Whoever ends this early must not leave an installation behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found = [run("sqlite", "", kills - kills // 2)]
    try:
        with postgres.server() as server:
            found.append(run("postgres", server.url, kills // 2))
    except postgres.NoPostgres as reason:
        print(reason, flush=True)
    kills, lost, inbox, email = (sum(one[key] for one in found) for key in ("kills", "lost", "inbox", "email"))
    print(f"kill_notify kills={kills} lost={lost} doubled_inbox={inbox} doubled_email={email}")
    return 0


def run(name: str, url: str, kills: int) -> dict[str, int]:
    """One installation; what it lost and doubled."""
    mail = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="towerwatch-bench-", ignore_cleanup_errors=True) as var,
        sinks.running("mail", mail) as sink,
    ):
        desk = Installation(Path(var), url, name, None)
        desk.environment |= {"EMAIL_URL": f"smtp://127.0.0.1:{mail}", "DJANGO_SETTINGS_MODULE": "config.settings"}
        try:
            started(desk)
            token = desk.run("-m", "bench.kill_notify", "people").strip()
            load = Load(desk, token)
            killer = Killer(desk, sink, name)
            load.start()
            killer.kill(kills)
            load.end()
            found = settled(desk, sink, name)
        finally:
            desk.kill()
            if desk.up:
                desk.up.wait(5)
        return found | {"kills": kills, "lost": found["lost"] + load.missing(found.pop("sites"), name)}


def started(desk: Installation) -> None:
    """Start it; a machine that is busy may need more than one time."""
    try:
        desk.start()
    except AssertionError as slow:
        print(f"{slow}; the console said: {desk.said()}", flush=True)
        while "open http" not in desk.said():
            assert desk.up and desk.up.poll() is None, desk.said()
            time.sleep(1)


class Load:
    """Whoever saves, without a pause, through the web."""

    def __init__(self, desk: Installation, token: str) -> None:
        self.address, self.token = f"http://localhost:{desk.port}/api/v1/sites/", token
        self.over = threading.Event()
        self.said: set[str] = set()
        self.threads = [threading.Thread(target=self._save, args=(n,), daemon=True) for n in range(SAVERS)]

    def start(self) -> None:
        """Begin."""
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        """Save nothing more."""
        self.over.set()
        for thread in self.threads:
            thread.join()

    def missing(self, sites: Any, name: str) -> int:
        """How many the web had said were saved that are not there."""
        print(f"{name}: the web said of {len(self.said)} sites that they are saved, {len(sites)} are", flush=True)
        return len(self.said - set(sites))

    def _save(self, thread: int) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            name = f"Site {thread}.{number}"
            body = json.dumps({"name": name, "kind": "tower"}).encode()
            headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
            try:
                with urllib.request.urlopen(urllib.request.Request(self.address, body, headers), timeout=30):
                    self.said.add(name)
                time.sleep(BETWEEN)
            except OSError:
                # Nobody knows whether it was saved but the database.
                time.sleep(0.1)


class Killer:
    """Kills whatever there is, at random."""

    def __init__(self, desk: Installation, sink: sinks.Sink, name: str) -> None:
        self.desk, self.sink, self.name = desk, sink, name
        self.chance = random.Random()
        self.workers = 0

    def kill(self, kills: int) -> None:
        """So many, each once what was killed before runs again and messages leave."""
        for number in range(1, kills + 1):
            if number == kills // 2 + 1:
                print(f"{self.name}: the mail server refuses for {REFUSES} s", flush=True)
                self.sink.ask(f"refuse {REFUSES}")
            self._until_it_sends()
            time.sleep(self.chance.uniform(*LOAD))
            victim, pid = self._victim()
            before = self._leader()
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            time.sleep(1.5)
            # Whatever of a cluster dies, the supervisor kills all of it.
            self.workers += WORKERS * (self._leader() != before)
            print(f"{self.name}: kill {number} of {kills}: {victim}, {self.sink.ask('count')} messages", flush=True)
        print(f"{self.name}: {self.workers} worker processes killed", flush=True)

    def _victim(self) -> tuple[str, int]:
        census = {name: pid for pid, name in self.desk.census().items()}
        kind = self.chance.choice(["web", "default", "fork", "fork"])
        names = [name for name in census if (name.startswith("default >") if kind == "fork" else name == kind)]
        name = self.chance.choice(names or ["web" if "web" in census else next(iter(census))])
        return name, census[name]

    def _leader(self) -> int | None:
        return next((pid for pid, name in self.desk.census().items() if name == "default"), None)

    def _until_it_sends(self) -> None:
        before, start = int(self.sink.ask("count")), time.monotonic()
        while int(self.sink.ask("count")) < before + WORKERS and time.monotonic() - start < RUNS_AGAIN:
            assert self.desk.up and self.desk.up.poll() is None, self.desk.said()
            time.sleep(0.2)


def settled(desk: Installation, sink: sinks.Sink, name: str) -> dict[str, Any]:
    """Wait until nothing waits to be sent; then compare what was committed with what was told."""
    start = time.monotonic()
    while (found := json.loads(desk.run("-m", "bench.kill_notify", "state")))["waiting"]:
        assert time.monotonic() - start < LEFT, f"{found['waiting']} messages have not left"
        time.sleep(3)
    ids = json.loads(sink.ask("ids"))
    doubled = sum(ids.values()) - len(ids)
    never = sum(f"<{one}>" not in ids for one in found["ids"])
    print(
        f"{name}: {found['wanted']} notices of {len(found['sites'])} sites, {found['missing']} missing, {never} never "
        f"came by e-mail, {doubled} came twice; {found['attempts']} attempts; everything had left "
        f"{time.monotonic() - start:.0f} s after the last save",
        flush=True,
    )
    print(f"{name}: {found['unwritten']} notices not written; e-mails by state: {found['states']}", flush=True)
    return {
        "sites": found["sites"],
        "lost": found["missing"] + never,
        "inbox": found["doubled"],
        "email": doubled,
    }


def people() -> None:
    """In the installation: people who hear of each site that is added; the token to add them with is printed."""
    from config import tokens
    from config.models import User
    from notifications.models import Subscription

    for n in range(PEOPLE):
        person = User.objects.create_user(f"person{n}@example.net", None, name=f"Person {n}", role="engineer")
        # What waits to be acknowledged is never gathered into a digest.
        Subscription.objects.create(
            event="site.created", recipient_kind="user", recipient_key=str(person.pk), escalate_after=60 * 24
        )
    saver = User.objects.create_user("saver@example.net", None, name="Saver", role="engineer")
    print(tokens.make(saver, "bench", "write", 7))


def state() -> None:
    """In the installation: what was committed, and what came of it, as JSON."""
    from collections import Counter

    from customers.models import Site
    from notifications.channels import letter
    from notifications.models import Attempt, Delivery, Notice

    sites = dict(Site.objects.values_list("pk", "name"))
    told = Counter(Notice.objects.filter(event="site.created").values_list("object_id", "recipient_id"))
    e_mails = Delivery.objects.filter(address__channel="email", notice__event="site.created")
    done = set(e_mails.filter(state=Delivery.State.DONE).values_list("notice__object_id", "notice__recipient_id"))
    wanted = len(sites) * PEOPLE
    came = {key for key in told if key[0] in sites} & done
    states = Counter(e_mails.values_list("state", flat=True))
    print(
        json.dumps(
            {
                "sites": list(sites.values()),
                "wanted": wanted,
                "missing": wanted - len(came),
                "states": dict(states),
                "unwritten": wanted - len(told),
                "doubled": sum(told.values()) - len(told),
                "ids": [letter.message_id(one) for one in e_mails.select_related("notice")],
                "waiting": Delivery.objects.filter(state=Delivery.State.WAITING).count(),
                "attempts": Attempt.objects.filter(delivery__in=e_mails).count(),
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1:] in (["people"], ["state"]):
        import django

        django.setup()
        {"people": people, "state": state}[sys.argv[1]]()
        sys.exit()
    sys.exit(main())
