"""One process commits a subscription, another saves right after: does the second ever miss it?

In each round a process subscribes somebody to one piece of equipment and says so once that is committed; this one then
saves an incident of that equipment, and looks whether it told anybody. 1,000 rounds on each database; what is missed
is counted over both. On the way it tells how long a round took. `python -m bench.two_processes [--rounds N]`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from datetime import UTC, datetime

from bench import apart, desk

OPENED = datetime(2026, 3, 1, tzinfo=UTC)
EVENT = "incident.opened"


def main() -> int:
    """Print how it goes, then the result; 1 where anything was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1000)
    rounds = parser.parse_args().rounds
    missed = sum(found or 0 for found in apart.on_both(lambda name, settings: on(name, rounds, settings)))
    print(f"two_processes rounds={rounds} missed={missed}")
    return 1 if missed else 0


def on(name: str, rounds: int, database: dict[str, str]) -> int:
    """Play the rounds on one database, in processes of their own; how many were missed."""
    with apart.environment(database) as given:
        command = [sys.executable, "-m", "bench.two_processes", "save", str(rounds)]
        missed, ms = apart.last_words(name, command, given)[-2:]
    print(f"{name}: {missed} of {rounds} missed, a round took {ms} ms", flush=True)
    return int(missed)


def save(rounds: int) -> int:
    """Save after each commit of the other process; print how many were missed, and the milliseconds of a round."""
    desk.set_up()
    from config.models import User
    from customers.models import Equipment
    from notifications.models import Notice, Subscription
    from outages.models import Incident

    Subscription.objects.all().delete()
    user = User.objects.create_user(email="bench@example.net", name="Bench", role="engineer")
    things = Equipment.objects.quietly().bulk_create([Equipment(name=f"ap {n}", kind="ap") for n in range(rounds)])
    command = [sys.executable, "-m", "bench.two_processes", "subscribe", str(user.pk)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin and other.stdout
        start = time.perf_counter()
        for thing in things:
            other.stdin.write(f"{thing.pk}\n")
            other.stdin.flush()
            assert other.stdout.readline().strip() == str(thing.pk)
            Incident.objects.create(equipment=thing, opened_at=OPENED)
        took = time.perf_counter() - start
        other.stdin.close()
    print("figures", rounds - Notice.objects.filter(event=EVENT).count(), f"{took / rounds * 1000:.1f}")
    return 0


def subscribe(user: int) -> int:
    """Subscribe this user to each piece of equipment that standard input names; say so when it is committed."""
    import django

    django.setup()
    from customers.models import Equipment
    from notifications.models import Subscription

    for line in sys.stdin:
        thing = Equipment.objects.get(pk=int(line))
        Subscription.objects.create(event=EVENT, recipient_kind="user", recipient_key=str(user), about=thing)
        print(thing.pk, flush=True)
    return 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["save", number]:
            sys.exit(save(int(number)))
        case ["subscribe", number]:
            sys.exit(subscribe(int(number)))
        case _:
            sys.exit(main())
