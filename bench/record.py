"""Looking, judging and storing together: 10,000 checks of which 1 % change their state in each round.

A round asks every host with the shipped ICMP probe, the targets being those that `looking.work` gives, hands the
readings to `recording.record`, and asks and records what that wants asked out of turn, as a shift does. The hosts are
addresses in a network namespace, silenced and answering for real. From one round to the next a sector with its
customers (25 checks) and 25 single homes fall silent, and those of the round before come back: 100 changes. The rule
is one reading, so that each change of the answer is a change of state, with its outage, its incident and its notices
by the shipped subscriptions; a longer rule would spread the same work over more rounds.

The figure is CPU seconds (user and system) of this process, and of all processes of the database server where there
is one, for 1,000 checks: the median of the rounds after a warm-up. Each database has a process of its own. A quiet
round, in which nothing changes, is told on the way. Run as root: `python -m bench.record`.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from bench import apart, desk, postgres
from bench.namespaces import CannotBuild, Network, network

if TYPE_CHECKING:
    from agents.probes.readings import Reading
    from agents.work import Job

CHECKS, WARM_UP, QUIET, ROUNDS = 10_000, 3, 6, 12
RULE = {"interval": 10, "count": 1, "window": 15}


def main() -> int:
    """Print how it goes, then the result; 2 where it cannot run."""
    try:
        with network(("10.0.0.0/8",), ()) as net:
            on_sqlite, on_postgres = apart.on_both(partial(measured, net))
    except (CannotBuild, apart.Failed) as reason:
        print(reason, file=sys.stderr)
        return 2
    print(f"record checks={CHECKS} cpu_s_per_1000_sqlite={on_sqlite} cpu_s_per_1000_postgres={on_postgres or 'none'}")
    return 0


def measured(net: Network, name: str, settings: dict[str, str]) -> str:
    """Run the rounds in a process of its own, on one database; its figure."""
    command = net.command(sys.executable, "-m", "bench.record", net.asking, net.answering)
    # As in the queue's cluster that looks.
    with apart.environment(settings | {"Q_CLUSTER_NAME": "looking"}) as given:
        return apart.last_words(name, command, given)[-1]


class Rounds:
    """The rounds on the database that the environment names."""

    def __init__(self, net: Network) -> None:
        from outages import looking

        self.net = net
        self.server = int(os.environ.get("SERVER", "0"))
        self.jobs = looking.work(0)
        self.addresses = desk.addresses(CHECKS)
        self.chance = random.Random(1)
        self.chosen: list[int] = []
        self.silent: list[str] = []

    def change(self) -> None:
        """Another sector and 25 other homes fall silent, and those who were silent answer."""
        sectors = [n for n in range(0, CHECKS, desk.SECTOR) if n % desk.TOWER and n not in self.chosen]
        self.chosen = self.chance.sample(sectors, 1 + desk.SECTOR)
        whole, *others = self.chosen
        falling = [*range(whole, whole + desk.SECTOR), *(sector + 1 for sector in others)]
        self.net.answer(*self.silent)
        self.silent = [self.addresses[n] for n in falling]
        self.net.silence(*self.silent)

    def run(self) -> None:
        """Ask everything, record it, and do what recording wants done at once."""
        from outages import recording

        advice = recording.record(self.probe(self.jobs))
        while advice.at_once:
            advice = recording.record(self.probe(advice.at_once))

    def probe(self, jobs: Sequence[Job]) -> list[Reading]:
        """One sweep."""
        from agents import ways

        return ways.probe("icmp").probe([job.target for job in jobs])

    def cpu(self) -> float:
        """CPU seconds until now, ours and the server's."""
        return time.process_time() + (postgres.cpu_seconds(self.server) if self.server else 0.0)

    def series(self, count: int, *, changing: bool) -> list[float]:
        """CPU seconds for 1,000 checks of each of so many rounds."""
        found = []
        for number in range(1, count + 1):
            if changing:
                self.change()
            before = self.cpu()
            started = time.monotonic()
            self.run()
            found.append((self.cpu() - before) * 1000 / CHECKS)
            kind = "changing" if changing else "quiet"
            wall = time.monotonic() - started
            print(f"{kind} round {number} of {count}: {found[-1]:.4f}, in {wall:.1f} s", flush=True)
        return found


def rounds(asking: str, answering: str) -> int:
    """All rounds on one database; the last line ends with the figure."""
    desk.set_up()
    desk.fill(CHECKS, **RULE)
    from outages.models import Incident, Outage

    run = Rounds(Network(asking, answering))
    run.series(WARM_UP, changing=True)
    before = Outage.objects.count()
    quiet = median(run.series(QUIET, changing=False))
    figure = median(run.series(ROUNDS, changing=True))
    opened = Outage.objects.count() - before
    print(f"{opened} outages opened in {ROUNDS} rounds, {Incident.objects.count()} incidents; quiet rounds {quiet:.4f}")
    print(f"CPU seconds for 1,000 checks: {figure:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(rounds(*sys.argv[1:]) if len(sys.argv) == 3 else main())
