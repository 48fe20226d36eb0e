"""On several hosts a subscription made on one is heard on the others, within a second at the worst."""

import os
import subprocess
import sys
import time
from itertools import count

import pytest
from django.db import connection

from notifications import hosts, interest
from tests.notifications.writer import ROOT, writer

numbers = count(1)


@pytest.fixture
def several(settings, tmp_path):
    """A memory of this host, and a writer on another one: on the same database, with another folder."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is of one machine")
    settings.HOSTS = hosts.SEVERAL
    # What tests before rolled back would have everybody ask for a while.
    interest.Version(settings.VAR / "interest").write(1, 0.0)
    memory = interest.Memory()
    memory.refresh()
    with writer(tmp_path, HOSTS="several") as other:
        yield memory, other
    if memory.ear:
        memory.ear.line.close()


def lag(memory, other):
    """Seconds until a subscription of the other host is known here."""
    known = len(memory.by_event["incident.opened"].to_all)
    other.subscribe(next(numbers))
    start = time.monotonic()
    while True:
        memory.refresh()
        if len(memory.by_event["incident.opened"].to_all) > known:
            return time.monotonic() - start
        assert time.monotonic() - start < 5
        time.sleep(0.001)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_what_another_host_has_committed_is_heard_at_once(several):
    memory, other = several
    lag(memory, other)
    lags = []
    for _ in range(50):
        # Only the line can bring it: the next look is far off.
        memory.ear.look_at = time.monotonic() + 60
        lags.append(lag(memory, other))
    assert sorted(lags)[25] < 0.05
    assert max(lags) < 1


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_when_the_line_breaks_nobody_is_more_than_a_second_behind(several):
    memory, other = several
    lag(memory, other)
    for _ in range(2):
        ended = f"SELECT pg_terminate_backend({memory.ear.line.connection.info.backend_pid})"
        with connection.cursor() as cursor:
            cursor.execute(ended)
        assert lag(memory, other) < 1
    # A line that is open, and says nothing.
    time.sleep(hosts.LOOK_EVERY)
    memory.refresh()
    memory.ear.line.connection.execute(f"UNLISTEN {hosts.CHANNEL}")
    assert lag(memory, other) < 1.1


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_to_listen_costs_no_query_while_nothing_is_said(several, django_assert_num_queries):
    memory, other = several
    lag(memory, other)
    memory.ear.look_at = time.monotonic() + 60
    with django_assert_num_queries(0):
        for _ in range(100):
            memory.refresh()


@pytest.mark.django_db
def test_a_line_that_cannot_be_had_is_tried_again_and_troubles_nobody(settings):
    ear = hosts.Ear()
    ear.line = connection.copy()
    ear.take()  # SQLite has no such line; PostgreSQL has
    assert ear.look_at > time.monotonic()
    ear.look_at = 0.0
    assert ear.has_news()
    ear.line.close()


def test_several_hosts_need_a_server(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environment |= {"HOSTS": "several", "VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "HOSTS='several' cannot be used: SQLite is of one machine" in done.stderr


@pytest.mark.parametrize(
    ("name", "machine"), [("towerwatch-node-2", "one"), ("towerwatch-node-1", "two"), ("towerwatch-node-1", "")]
)
def test_machines_whose_names_are_much_alike_are_told_apart(name, machine):
    assert hosts.mark_of(name, machine) != hosts.mark_of("towerwatch-node-1", "one")
    assert len(hosts.mark_of(name, machine)) <= 15
