"""A process that is killed while a message is on its way loses nothing, and its successor sends the same message."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from notifications import outbox
from notifications.channels.channel import named
from notifications.delivery import deliver, leases
from notifications.models import Delivery
from tests import make
from tests.notifications.letterbox import Letterbox, listening, use

# It sends for as long as its standard input is open.
SEND = """
import sys
import django
django.setup()
from django.utils import timezone
from notifications.delivery import carriers
carriers.carry(timezone.now())
sys.stdin.read()
"""


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_what_a_killed_process_was_sending_is_sent_again_as_the_same_message(settings):
    box = Letterbox()
    box.slow = 2.0
    with listening(box) as port:
        use(settings, port)
        user = make.user()
        outbox.tell([user], "ap-1 is down", "/", user, timezone.now())
        delivery = Delivery.objects.get(address__channel="email")
        killed = sending(port)
        until(lambda: box.tried, killed)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        box.slow = 0.0

        delivery.refresh_from_db()
        assert (delivery.state, delivery.tries) == (Delivery.State.WAITING, 1)
        assert deliver.by("email", timezone.now()) == 0
        assert leases.release() == 1
        assert deliver.by("email", timezone.now()) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts.count()) == (Delivery.State.DONE, 2)
    assert len({message["Message-ID"] for message in box.taken}) == 1


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_process_that_ends_by_itself_ends_after_what_its_lanes_have_in_hand(settings):
    box = Letterbox()
    box.slow = 1.5
    with listening(box) as port:
        use(settings, port)
        for _ in range(12):
            user = make.user()
            outbox.tell([user], "ap-1 is down", "/", user, timezone.now())
        ending = sending(port)
        until(lambda: box.tried, ending)
        ending.communicate(timeout=20)
        states = Counter(Delivery.objects.filter(address__channel="email").values_list("state", flat=True))
    assert states == {"done": len(box.taken), "waiting": 12 - len(box.taken)}
    assert 1 <= len(box.taken) <= named("email").lanes
    assert not Delivery.objects.exclude(leased_until=None).exists()


def sending(port):
    """Another process that works on the database of this test."""
    return subprocess.Popen([sys.executable, "-c", SEND], env=environment(port), stdin=subprocess.PIPE)


def environment(port):
    """What brings it there."""
    about = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{about['NAME']}"
    else:
        url = f"postgres://{about['USER']}@{about['HOST']}:{about['PORT']}/{about['NAME']}"
    ours = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": url, "EMAIL_URL": f"smtp://127.0.0.1:{port}"}
    return os.environ | ours


def until(what, process, seconds=20):
    """Wait until it is so, as long as the process is there."""
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit and process.poll() is None, "it never came about"
        time.sleep(0.05)
