"""Storms when several write and gather at once, and when one of them dies."""

import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from notifications import recipients
from notifications.delivery import deliver, storm
from tests import make
from tests.notifications.test_killed import environment
from tests.notifications.test_storm import State, box, by_email, digests, post

__all__ = ["box"]


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_however_many_write_at_once_twenty_and_one_digest_leave(box):
    person = make.user()
    at, count, ready = timezone.now(), 6, threading.Barrier(6)
    recipients.addresses([person])

    def write(start):
        ready.wait()
        with transaction.atomic():
            post(person, 10, at, start=start)
            # On PostgreSQL nobody sees the others' rows by now.
            time.sleep(0.2 if connection.vendor == "postgresql" else 0)
        connections.close_all()

    run([threading.Thread(target=write, args=(number * 10,)) for number in range(count)])
    storm.gather(timezone.now())
    assert by_email() == {State.WAITING: 20, State.HELD: 40}

    def gather():
        ready.wait()
        storm.gather(at + storm.GATHER)
        connections.close_all()

    run([threading.Thread(target=gather) for _ in range(count)])
    assert len(digests()) == 1
    assert digests()[0].text.startswith("40 more notices since")
    deliver.by("email", timezone.now() + storm.GATHER)
    assert len(box.taken) == 21


def run(threads):
    """All of them to their end."""
    for one in threads:
        one.start()
    for one in threads:
        one.join()


DIE = """
import os, signal, sys
import django
django.setup()
from django.utils import timezone
from notifications.delivery import storm
told = storm._settle
storm._settle = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
storm.gather(timezone.now())
"""


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_whoever_is_killed_while_it_writes_a_digest_leaves_it_to_the_next(box):
    person = make.user()
    post(person, 30, timezone.now() - timedelta(minutes=2))
    killed = subprocess.run([sys.executable, "-c", DIE], env=environment(1), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-500:]
    assert not digests() and by_email()[State.HELD] == 10
    assert storm.gather(timezone.now()) == 1
    assert by_email() == {State.WAITING: 21, State.DIGESTED: 10}
