"""What it costs to know whether anybody wants to hear of a change.

  nobody_ns  one question about a model of which nobody wants any event
  match3_ns  finding the three subscriptions that an object meets (to itself, to its site, to all of its kind)
  at_1m_ns   the same among 1,000,000 subscriptions to 200,000 objects
  save_overhead_percent  what Observed adds to a save that nobody wants, timed by itself, of the time of Django's own
             save of the same row with changed values, with the shipped settings
  queries    those that such a save makes besides its own

All are the worse of both databases, each of which has a process of its own. On the way it tells how long a process
takes to read 1,000,000 subscriptions, how much memory they need, and how long it takes to take one change over.
`python -m bench.interest`.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

from bench import apart, desk

SUBSCRIPTIONS, OBJECTS, PORTION = 1_000_000, 200_000, 50_000
ROUNDS, SAVES = 9, 300


def main() -> int:
    """Print how it goes, then the result."""
    on_sqlite, on_postgres = apart.on_both(measured)
    on_postgres = on_postgres or on_sqlite
    nobody, match3, at_1m = (max(float(one[n]) for one in (on_sqlite, on_postgres)) for n in range(3))
    percent = max(float(on_sqlite[3]), float(on_postgres[3]))
    queries = max(int(on_sqlite[4]), int(on_postgres[4]))
    print(
        f"interest nobody_ns={nobody:.0f} match3_ns={match3:.0f} at_1m_ns={at_1m:.0f} "
        f"save_overhead_percent={percent:.2f} queries={queries}"
    )
    return 0


def measured(name: str, settings: dict[str, str]) -> list[str]:
    """Measure in a process of its own, on one database; the five figures."""
    with apart.environment(settings) as given:
        return apart.last_words(name, [sys.executable, "-m", "bench.interest", "one"], given)[1:]


def one() -> int:
    """The figures of the database that the environment names, on the last line."""
    desk.set_up()
    from notifications.models import Subscription

    Subscription.objects.all().delete()
    percent, queries = overhead()
    nobody = of_nobody()
    match3 = of_three(1)
    fill()
    at_1m = of_three(OBJECTS // 2)
    print("figures", nobody, match3, at_1m, percent, queries, flush=True)
    return 0


def each(question: Callable[[], object], times: int) -> float:
    """Nanoseconds of one call: the median of some rounds, without the loop."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        for _ in range(times):
            question()
        middle = time.perf_counter_ns()
        for _ in range(times):
            pass
        rounds.append((2 * middle - start - time.perf_counter_ns()) / times)
    return median(rounds)


def of_nobody() -> float:
    """Nanoseconds to find that nobody wants any event of a model."""
    from notifications import interest

    assert not interest.wanted("outages.Incident")
    return each(lambda: interest.wanted("outages.Incident"), 100_000)


def of_three(key: int) -> float:
    """Nanoseconds to find the three subscriptions that one object meets."""
    from django.contrib.contenttypes.models import ContentType

    from customers.models import Equipment, Site
    from notifications import interest
    from notifications.models import Subscription

    kinds = [ContentType.objects.get_for_model(model) for model in (Equipment, Site)]
    scopes = [(kind.pk, key + OBJECTS) for kind in kinds]
    for kind in (*kinds, None):
        Subscription.objects.create(
            event="outage.opened",
            recipient_kind="user",
            recipient_key=f"three {key}",
            object_type=kind,
            object_id=key + OBJECTS if kind else None,
        )
    start = time.perf_counter()
    interest.wanted("outages.Outage")
    print(f"one change taken over in {(time.perf_counter() - start) * 1000:.1f} ms", flush=True)
    listeners = interest._memory.by_event["outage.opened"]
    Subscription.objects.filter(recipient_key=f"three {key}", object_id=None).delete()
    assert len(listeners.of(scopes)) == 3
    return each(lambda: listeners.of(scopes), 100_000)


def fill() -> None:
    """A million subscriptions to single objects; then how long a fresh memory takes to read them, and its size."""
    from django.contrib.contenttypes.models import ContentType

    from customers.models import Equipment
    from notifications import interest
    from notifications.models import Subscription

    kind, events = ContentType.objects.get_for_model(Equipment), [f"outage.{end}" for end in ("opened", "closed")]
    for start in range(0, SUBSCRIPTIONS, PORTION):
        rows = (
            Subscription(
                event=events[n // OBJECTS % 2],
                recipient_kind="user",
                recipient_key=str(n // OBJECTS),
                object_type=kind,
                object_id=1 + n % OBJECTS,
            )
            for n in range(start, start + PORTION)
        )
        Subscription.objects.bulk_create(rows, batch_size=5000)
    print(f"{SUBSCRIPTIONS} subscriptions written", flush=True)
    gc.collect()
    before, start_s = resident(), time.perf_counter()
    interest.wanted("outages.Outage")
    took = time.perf_counter() - start_s
    gc.collect()
    print(f"read in {took:.1f} s, {resident() - before:.0f} MB more", flush=True)


def resident() -> float:
    """Megabytes of memory of this process's own; what SQLite has mapped of its file is not among them."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) * 1024 / 1e6


def overhead() -> tuple[float, int]:
    """What Observed adds to a save, in percent of Django's own; and the queries that it adds."""
    from django.db import connection, models
    from django.test.utils import CaptureQueriesContext

    from customers.models import Equipment
    from notifications import interest
    from notifications.observe import Observed
    from outages.models import Incident

    class Nothing(models.Model):
        """A save that does nothing."""

        class Meta:
            abstract = True

        def save(self, *args: Any, **kwargs: Any) -> None:
            """As little as there can be."""

    class Probe(Observed, Nothing):
        """What Observed does around it; it has no table, for it is never saved."""

        class Meta(Observed.Meta):
            app_label = "outages"

    interest.wanted("outages.Incident")
    probe = Probe()
    added = each(probe.save, 100_000) - each(lambda: Nothing.save(probe), 100_000)
    row = Incident.objects.create(
        equipment=Equipment.objects.create(name="bench"), opened_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    rounds = []
    for number in range(ROUNDS):
        start = time.perf_counter_ns()
        for count in range(SAVES):
            row.sentence = f"{number} {count}"
            models.Model.save(row)
        rounds.append((time.perf_counter_ns() - start) / SAVES)
    with CaptureQueriesContext(connection) as plain:
        models.Model.save(row)
    with CaptureQueriesContext(connection) as observed:
        row.save()
    print(f"a plain save takes {median(rounds) / 1000:.0f} us, Observed adds {added:.0f} ns", flush=True)
    return 100 * added / median(rounds), len(observed) - len(plain)


if __name__ == "__main__":
    sys.exit(one() if sys.argv[1:] == ["one"] else main())
