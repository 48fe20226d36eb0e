"""What it costs to tell: a save that 100 people want, and how many messages a second leave the house.

  ms, queries   one save of an incident that 100 people want, each by a subscription of their own and by two channels,
                the inbox and e-mail: 100 notices and 200 deliveries in the transaction of the save, median of 50 (the
                same with push as a third channel is told on the way)
  emails_per_s  messages handed over to a mail server, from the wake-up until the last one is recorded as delivered
  pushes_per_s  the same of encrypted messages (RFC 8291) to a push service

The two servers are processes of their own on this machine (see bench/sinks.py); those who send are the shipped
cluster with its 2 workers, one channel after the other. The last line is of SQLite, the default; PostgreSQL's figures
are told on the way, and those of two plain ways in the same run: the rows of a save written recipient by recipient,
and Django's e-mail in a loop over one connection, with no outbox and no log. `python -m bench.notify`.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from bench import apart, desk, sinks

PEOPLE, SAVES, WARM_UP = 100, 50, 5
LATER = timedelta(days=1)
SENT_TO_WARM_UP = 400


def main() -> int:
    """Print how it goes, then the result."""
    on_sqlite, _ = apart.on_both(measured)
    ms, queries, emails, pushes = on_sqlite
    print(f"notify recipients={PEOPLE} ms={ms} queries={queries} emails_per_s={emails} pushes_per_s={pushes}")
    return 0


def measured(name: str, settings: dict[str, str]) -> list[str]:
    """Measure in a process of its own, on one database; the four figures."""
    mail, push = free_port(), free_port()
    outside = {"EMAIL_URL": f"smtp://127.0.0.1:{mail}", "PUSH_HOSTS": "127.0.0.1"}
    command = [sys.executable, "-m", "bench.notify", f"http://127.0.0.1:{push}"]
    with sinks.running("mail", mail), sinks.running("push", push), apart.environment(settings | outside) as given:
        return apart.last_words(name, command, given)[1:]


def one(push: str) -> int:
    """The figures of the database that the environment names, on the last line."""
    # Whoever ends this early must not leave a cluster behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    desk.set_up()
    from config import assets

    assets.collect()  # a push names its picture
    incident = fill(push)
    channels(["email"])
    ms, queries = saves(incident, 2)
    channels([])
    saves(incident, 3)
    row_by_row(incident)
    in_a_loop()
    hold_back()
    with cluster():
        emails, pushes = (handed_over(channel) for channel in ("email", "webpush"))
    print("figures", f"{ms:.1f}", queries, round(emails), round(pushes), flush=True)
    return 0


def fill(push: str) -> Any:
    """100 people with a browser each and a subscription of their own to what is done to incidents; an incident."""
    from config.models import User
    from customers.models import Equipment
    from notifications.channels import browsers
    from notifications.models import Subscription
    from outages.models import Incident

    Subscription.objects.all().delete()
    for n in range(PEOPLE):
        person = User.objects.create_user(f"person{n}@example.net", None, name=f"Person {n}", role="engineer")
        browsers.register(person, browsers.read(browser(f"{push}/{n}")), "Firefox/140.0 Linux")
        Subscription.objects.create(event="incident.changed", recipient_kind="user", recipient_key=str(person.pk))
    equipment = Equipment.objects.create(name="bh-north")
    return Incident.objects.create(equipment=equipment, opened_at=datetime(2026, 3, 1, tzinfo=UTC))


def browser(endpoint: str) -> dict[str, Any]:
    """What a browser gives to whoever may push to it."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from notifications.channels.push_key import CURVE, packed

    point = ec.generate_private_key(CURVE).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {"endpoint": endpoint, "keys": {"p256dh": packed(point), "auth": packed(os.urandom(16))}}


def channels(names: list[str]) -> None:
    """Everybody wants to hear by these besides the inbox; none named: by their defaults, e-mail and push."""
    from notifications.models import Subscription

    Subscription.objects.update(channels=names)


def saves(incident: Any, ways: int) -> tuple[float, int]:
    """Milliseconds and queries of one save that everybody wants, each by so many channels."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from notifications.models import Delivery

    took = []
    for number in range(-WARM_UP, SAVES):
        incident.sentence = f"The backhaul is being looked at ({number})"
        before = Delivery.objects.count()
        start = time.perf_counter()
        incident.save()
        took.append((time.perf_counter() - start) * 1000)
        assert Delivery.objects.count() - before == ways * PEOPLE
        let_time_pass()
    with CaptureQueriesContext(connection) as asked:
        incident.sentence = "It is back"
        incident.save()
    ms = median(took[WARM_UP:])
    queries = sum(query["sql"].split()[0] not in ("BEGIN", "COMMIT") for query in asked)
    words = f"a save that {PEOPLE} people want by {ways} channels"
    print(f"{words}: {ms:.1f} ms, {queries} queries besides BEGIN and COMMIT", flush=True)
    return ms, queries


def let_time_pass() -> None:
    """What was just written is an hour old: so many within a minute are a storm, of which most is never sent."""
    from django.db.models import F
    from django.utils import timezone

    from notifications.models import Delivery, Notice

    for model in (Notice, Delivery):
        written = model.objects.filter(due_at__gt=timezone.now() - timedelta(minutes=30))
        written.update(due_at=F("due_at") - timedelta(hours=1))


def row_by_row(incident: Any) -> None:
    """The plain way to write the same: recipient by recipient, in one transaction, with the addresses known."""
    from django.db import transaction

    from config.models import User
    from notifications import outbox
    from notifications.models import Address, Delivery, Notice

    people = [(person, list(Address.objects.of(person))) for person in User.objects.filter(email__startswith="person")]
    took = []
    for _ in range(WARM_UP):
        start, now = time.perf_counter(), datetime.now(UTC)
        with transaction.atomic():
            for person, addresses in people:
                notice = outbox.written(person, "It is back", "/", incident, now)
                notice.save()
                for address in addresses:
                    Delivery.objects.create(notice=notice, address=address, channel=address.channel, due_at=now)
        took.append((time.perf_counter() - start) * 1000)
        Notice.objects.filter(text="It is back", event="").delete()
    print(f"the same rows, written recipient by recipient: {median(took):.1f} ms, {4 * PEOPLE} queries", flush=True)


def in_a_loop(count: int = 1000) -> None:
    """Django's own e-mail, two short parts, over one connection."""
    from django.core.mail import EmailMultiAlternatives, get_connection

    connection = get_connection()
    connection.open()
    start = time.perf_counter()
    for number in range(count):
        message = EmailMultiAlternatives("It is back", "It is back", to=[f"person{number}@example.net"])
        message.attach_alternative("<p>It is back</p>", "text/html")
        message.connection = connection
        message.send()
    rate = count / (time.perf_counter() - start)
    connection.close()
    print(f"Django's e-mail in a loop, one process: {rate:.0f} e-mails a second", flush=True)


def hold_back() -> None:
    """What was written is not due yet."""
    from django.utils import timezone

    from notifications.models import Delivery

    Delivery.objects.update(due_at=timezone.now() + LATER)


@contextmanager
def cluster() -> Iterator[None]:
    """The queue's shipped cluster `default`."""
    environment = os.environ | {"Q_CLUSTER_NAME": "default"}
    command = [sys.executable, "manage.py", "qcluster"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def handed_over(channel: str) -> float:
    """Deliveries a second by one channel, after some to warm up."""
    from notifications.models import Delivery

    held = Delivery.objects.filter(address__channel=channel, state=Delivery.State.WAITING).order_by("pk")
    released(held, SENT_TO_WARM_UP)
    count, seconds = released(held, held.count())
    print(f"{channel}: {count} handed over in {seconds:.1f} s, {count / seconds:.0f} a second", flush=True)
    return count / seconds


def released(held: Any, count: int) -> tuple[int, float]:
    """Let so many leave; how many they were, and the seconds until the last one was recorded."""
    from django.db import transaction
    from django.utils import timezone

    from notifications import recipients
    from notifications.models import Attempt, Delivery

    keys = list(held.values_list("pk", flat=True)[:count])
    rows = Delivery.objects.filter(pk__gte=keys[0], pk__lte=keys[-1], address__channel=held[0].address.channel)
    start = time.perf_counter()
    with transaction.atomic():
        rows.update(due_at=timezone.now())
        for _ in range(4):
            recipients.wake()
    woken = time.perf_counter()
    while rows.filter(state=Delivery.State.WAITING).exists():
        # Whoever looks takes of the two cores that send.
        time.sleep(0.1)
        assert not Attempt.objects.exclude(error="").exists(), Attempt.objects.exclude(error="")[0].error
        if time.perf_counter() - woken > 2:
            # As `manage.py up` does.
            with transaction.atomic():
                recipients.wake()
            woken = time.perf_counter()
    states = set(rows.values_list("state", flat=True))
    assert states == {Delivery.State.DONE}, states
    return len(keys), time.perf_counter() - start


def free_port() -> int:
    """A port of this machine on which nobody listens at the moment."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    sys.exit(one(sys.argv[1]) if len(sys.argv) == 2 else main())
