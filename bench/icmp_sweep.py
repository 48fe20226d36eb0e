"""Our ping sweep beside fping: 10,000 and 50,000 hosts, one in ten silent, three tries of half a second.

Run as root: python -m bench.icmp_sweep. The last line gives fping's figure divided by ours, so more is better;
its last field counts hosts that answer and that our sweeps yet found down, all runs together.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from time import perf_counter
from typing import NamedTuple, TypeVar

from agents.probes.icmp import Icmp
from agents.probes.readings import Target
from bench.namespaces import CannotBuild, network

ROUNDS = 5
# Three tries of 500 ms for each host, no wait between packets, and the living on standard output.
FPING = ("fping", "-i0", "-r2", "-t500", "-B1", "-a")

T = TypeVar("T")


class Run(NamedTuple):
    """Seconds of wall clock, seconds of CPU (user and system), and how many hosts read up."""

    wall: float
    cpu: float
    up: int


class Comparison(NamedTuple):
    """fping's figures divided by ours, and the hosts that we wrongly found down."""

    wall: float
    cpu: float
    false_down: int


def main() -> int:
    """Print how it goes, then the result; 2 where it cannot run."""
    try:
        if shutil.which("fping") is None:
            raise CannotBuild("This bench needs the program fping.")
        with network() as net, net.enter():
            small, large = compare(10_000), compare(50_000)
    except CannotBuild as reason:
        print(reason, file=sys.stderr)
        return 2
    ratios = f"wall_vs_fping_10k={small.wall:.3f} cpu_vs_fping_10k={small.cpu:.3f}"
    ratios += f" wall_vs_fping={large.wall:.3f} cpu_vs_fping={large.cpu:.3f}"
    print(f"icmp_sweep {ratios} false_down={small.false_down + large.false_down}")
    return 0


def compare(count: int) -> Comparison:
    """Sweep so many hosts by turns with ours and with fping; medians."""
    hosts = addresses(count)
    living = sum(not host.startswith("10.200.") for host in hosts)
    targets = [Target(number, host) for number, host in enumerate(hosts)]
    ours, theirs = [], []
    for turn in range(1, ROUNDS + 1):
        ours.append(our_sweep(targets))
        theirs.append(fping_sweep(hosts))
        for name, run in (("ours", ours[-1]), ("fping", theirs[-1])):
            false_down = living - run.up
            print(
                f"{count} hosts, turn {turn}, {name:5}: {run.wall:.3f} s, CPU {run.cpu:.3f} s, {false_down=}",
                flush=True,
            )
    return Comparison(
        median(run.wall for run in theirs) / median(run.wall for run in ours),
        median(run.cpu for run in theirs) / median(run.cpu for run in ours),
        sum(living - run.up for run in ours),
    )


def addresses(count: int) -> list[str]:
    """So many addresses of the network, every tenth of them silent."""
    return [f"10.{200 if n % 10 == 9 else 1}.{n >> 8 & 255}.{n & 255}" for n in range(count)]


def our_sweep(targets: Sequence[Target]) -> Run:
    """An ordinary sweep in this process."""
    wall, cpu, readings = measured(resource.RUSAGE_SELF, lambda: Icmp().probe(targets))
    return Run(wall, cpu, sum(reading.up is True for reading in readings))


def fping_sweep(hosts: Sequence[str]) -> Run:
    """A sweep by fping, which exits with 1 where some hosts are silent."""
    command = partial(subprocess.run, FPING, input="\n".join(hosts), capture_output=True, text=True, check=False)
    wall, cpu, done = measured(resource.RUSAGE_CHILDREN, command)
    return Run(wall, cpu, len(set(done.stdout.split())))


def measured(who: int, sweep: Callable[[], T]) -> tuple[float, float, T]:
    """Seconds of wall clock and of CPU of one sweep, and what it gave; `who` says whose CPU counts."""
    before, started = resource.getrusage(who), perf_counter()
    result = sweep()
    wall, after = perf_counter() - started, resource.getrusage(who)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, result


if __name__ == "__main__":
    sys.exit(main())
