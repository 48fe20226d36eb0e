"""Every list at the size of a large desk: 20,000 customers, 60,000 pieces of equipment, a million outages.

An administrator opens each list as it begins, its last page, each column sorted both ways, narrowed and searched; the
pages of the customer, the equipment, the site, the incident and the core that most hangs on; and the search in the
head. The pages are made by the shipped application with its shipped settings, asked by Django's client, so the figure
is the time of the server without that of the network: the median of five after one that warms up, in milliseconds.
Each database has a process of its own. Run as `python -m bench.lists`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from bench import apart, crowd

TIMES = 5
# What people type: a name, two words, a part of a number, an address, a MAC, and what nobody has.
WORDS = ("okafor", "rosa mill", "907 550 1234", "10.1.20.7", "48:a9:8a", "A-01234", "cpe-4711", "zzqx", "a")


def main() -> int:
    """Print how it goes, then the result; 2 where it cannot run."""
    try:
        on_sqlite, on_postgres = apart.on_both(measured)
    except apart.Failed as reason:
        print(reason, file=sys.stderr)
        return 2
    both = (("sqlite", on_sqlite), ("postgres", on_postgres or dict.fromkeys(on_sqlite, "none")))
    figures = " ".join(f"{key}_{name}={found[key]}" for key in on_sqlite for name, found in both)
    counts = f"customers={crowd.CUSTOMERS} equipment={crowd.EQUIPMENT} outages={crowd.OUTAGES}"
    print(f"lists {counts} {figures}")
    return 0


def measured(name: str, settings: dict[str, str]) -> dict[str, str]:
    """Fill a database and open its pages in a process of its own; the figures of its last line."""
    with apart.environment(settings) as given:
        words = apart.last_words(name, [sys.executable, "-m", "bench.lists", "fill", "measure"], given)
    return dict(figure.split("=", 1) for figure in words)


def say(text: str) -> None:
    """Progress."""
    print(text, flush=True)


def fill() -> None:
    """Make the rows, and leave a note of which ones to look at beside the database."""
    from django.conf import settings
    from django.db import connection

    started = time.monotonic()
    chosen = crowd.Crowd(say).fill()
    with connection.cursor() as cursor:
        # What the database's own housekeeping does within a day: how many rows there are, and what they hold.
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    Path(settings.VAR, "chosen.json").write_text(json.dumps(asdict(chosen)))
    say(f"filled in {time.monotonic() - started:.0f} s")


def pages(chosen: dict[str, int]) -> Iterator[tuple[str, str]]:
    """The name and the address of everything that is opened."""
    from config.views import people
    from customers.equipment import views as equipment
    from customers.people import site_views, views
    from outages.views import incidents, outages

    first = {"customers": "okafor", "sites": "tower", "network": "cpe-47", "outages": "cpe-4711", "incidents": "cpe-47"}
    narrowed = {
        "customers": ("state=down", "kind=company", "tag=tag 3", f"site={chosen['site']}", "archived=all"),
        "sites": ("kind=all", "kind=premises"),
        "network": ("state=down", "kind=network", "kind=cpe", f"site={chosen['site']}", f"uplink={chosen['core']}"),
        "outages": ("show=open", "show=over", f"incident={chosen['incident']}"),
        "incidents": ("show=open", "show=over"),
        "users": ("role=engineer", "state=active"),
        "inbox": ("show=unread",),
    }
    columns: dict[str, Any] = {
        "customers": views.COLUMNS, "sites": site_views.COLUMNS, "network": equipment.COLUMNS,
        "outages": outages.COLUMNS, "incidents": incidents.COLUMNS, "users": people.COLUMNS, "inbox": {},
    }  # fmt: skip
    for name, sorts in columns.items():
        queries = ["", "page=999999", *narrowed[name], *(f"{query}&page=999999" for query in narrowed[name])]
        queries += [f"sort={sign}{sort}" for sort in sorts for sign in ("", "-")]
        queries += [f"sort={sort}&page=999999" for sort in sorts]
        if name != "inbox":
            queries += [f"q={word}" for word in (first.get(name, "rosa"), *WORDS)]
        yield from ((f"{name}?{query}" if query else name, f"/{name}/?{quote(query, safe='=&')}") for query in queries)
    for name, kind in (("customer", "customers"), ("equipment", "equipment"), ("core", "equipment"),
                       ("site", "sites"), ("incident", "incidents"), ("outage", "outages")):  # fmt: skip
        yield name, f"/{kind}/{chosen[name]}/"
    yield "now", "/"


def milliseconds(open_page: Callable[[], Any]) -> float:
    """The median of a few times after one that warms up."""
    open_page()
    found = []
    for _ in range(TIMES):
        started = time.perf_counter()
        answer = open_page()
        found.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise apart.Failed(f"{answer.request['PATH_INFO']} answered {answer.status_code}")
    return median(found)


def measure() -> None:
    """Open everything; the last line says what was slowest, and how long the slowest search took."""
    from django.conf import settings
    from django.test import Client

    from config import assets
    from config.models import User

    assets.collect()
    client = Client(headers={"Host": "localhost"})
    person = User.objects.get(email="administrator@example.net")
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    chosen = json.loads(Path(settings.VAR, "chosen.json").read_text())
    took, searched = {}, {}
    for name, address in pages(chosen):
        took[name] = milliseconds(partial(client.get, address))
        say(f"{took[name]:7.1f} ms  {name}")
    for word in WORDS:
        searched[word] = milliseconds(partial(client.get, "/search/", {"q": word}, headers={"HX-Request": "true"}))
        say(f"{searched[word]:7.1f} ms  search {word}")
    slowest = max(took, key=lambda name: took[name])
    name = slowest.replace(" ", "+")
    say(f"slowest_ms={took[slowest]:.0f} slowest={name} search_ms={max(searched.values()):.0f}")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    import django

    django.setup()
    for step in sys.argv[1:]:
        {"fill": fill, "measure": measure}[step]()
