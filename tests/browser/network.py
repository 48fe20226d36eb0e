"""The invented network, looked at by a thread that does what the processes of Towerwatch do."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from agents import shifts
from agents.models import Lease
from agents.simulated.process import Running, running
from config import demo, setup
from notifications import jobs
from outages.models import Check


@contextmanager
def demo_running() -> Iterator[Running]:
    """The demo as `make demo` begins, on whatever port is free; decided within seconds."""
    setup.prepare(with_demo=True)
    with running() as network:
        Check.objects.update(port=network.network.port, interval=1, count=2, window=4)
        os.symlink(network.control, demo.SOCKET)
        try:
            with working():
                yield network
        finally:
            demo.SOCKET.unlink()


@contextmanager
def working() -> Iterator[None]:
    """One thread looks, another delivers."""
    over = threading.Event()

    def look() -> None:
        shifts.shift(0)
        connection.close()

    def deliver() -> None:
        while not over.wait(0.2):
            jobs.deliver()
        connection.close()

    threads = [threading.Thread(target=target, daemon=True) for target in (look, deliver)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        # Whoever has lost the lease of a shard stops looking at it.
        Lease.objects.update(holder="nobody", until=None)
        for thread in threads:
            thread.join(15)
