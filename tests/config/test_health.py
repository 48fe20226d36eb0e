"""The doctor's page and the line for a watchman."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Task

from agents import roster
from agents.models import Agent, Lease
from agents.probes import icmp
from config import health, machine, processes, pulse
from config.finding import State, broken, look, works
from notifications.models import Address, Attempt, Delivery, Notice
from outages.models import Check
from tests import make

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def seen(seconds_ago, **fields):
    roster.here()
    Agent.objects.filter(name="here").update(seen_at=timezone.now() - timedelta(seconds=seconds_ago), **fields)


def found(name):
    return dict(health.findings(timezone.now()))[name]


def delivery(user, **fields):
    kind = ContentType.objects.get_for_model(user)
    now = timezone.now()
    notice = Notice.objects.create(
        fingerprint=str(time.monotonic_ns()), event="incident.opened", object_type=kind, object_id=user.pk,
        recipient_type=kind, recipient_id=user.pk, text="x", due_at=now, created_at=now,
    )  # fmt: skip
    address = Address.objects.get_or_create(owner_type=kind, owner_id=user.pk, channel="inbox")[0]
    return Delivery.objects.create(notice=notice, address=address, channel=address.channel, **{"due_at": now, **fields})


def test_the_watchman_hears_looking_while_somebody_looks(stranger, db):
    seen(2)
    answer = stranger.get(reverse("keep_alive"))
    assert (answer.status_code, answer.text, answer["Content-Type"]) == (200, "looking", "text/plain; charset=utf-8")
    assert answer["Cache-Control"] == "no-store"
    assert reverse("keep_alive") == "/keep-alive"


@time_machine.travel(NOW, tick=False)
def test_the_watchman_hears_since_when_nobody_looks(stranger, db):
    seen(90)
    answer = stranger.get(reverse("keep_alive"))
    assert (answer.status_code, answer.text) == (503, "looking is stale: silent for 90 s")
    Agent.objects.all().delete()
    answer = stranger.get(reverse("keep_alive"))
    assert (answer.status_code, answer.text) == (503, "looking is stale: it has not begun")


def test_the_watchman_costs_no_session_and_few_queries(stranger, db, django_assert_max_num_queries):
    seen(2)
    with django_assert_max_num_queries(2):
        answer = stranger.get(reverse("keep_alive"))
    assert not answer.cookies
    assert not Session.objects.exists()
    head = stranger.head(reverse("keep_alive"))
    assert (head.status_code, head.content) == (200, b"")
    assert stranger.post(reverse("keep_alive")).status_code == 405


def test_a_database_that_does_not_answer_is_a_503_and_no_traceback(stranger, monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("config.options.fresh", gone)
    monkeypatch.setattr("agents.roster.here", gone)
    from config import options

    options.cache.clear()
    answer = stranger.get(reverse("keep_alive"))
    assert (answer.status_code, answer.text) == (503, "the database does not answer")


def test_the_page_is_for_staff_of_every_role(stranger, db):
    assert stranger.get(reverse("health")).status_code == 302


@pytest.mark.parametrize("role", ["administrator", "engineer", "office", "technician", "manager"])
def test_every_role_sees_it(role, request):
    page = request.getfixturevalue(role).get(reverse("health"))
    assert page.status_code == 200
    for name in health.EXAMINED:
        assert name in page.text


def test_htmx_gets_the_findings_alone(manager):
    answer = manager.get(reverse("health"), headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "Looking" in answer.text


@time_machine.travel(NOW, tick=False)
def test_looking_that_is_alive_late_or_has_not_begun(db):
    assert found("Looking").state is State.BROKEN
    seen(1, swept_at=timezone.now(), swept_count=7)
    Lease.objects.create(shard=0, holder="host:1:ab", until=timezone.now() + timedelta(seconds=5))
    assert found("Looking").says == "It is alive, and there is nothing to look at yet."
    assert dict(found("Looking").details) == {"Last sweep": "7 readings, 0 s ago", "Shard 0": "held by host:1:ab"}
    seen(300)
    Lease.objects.update(until=timezone.now())
    late = found("Looking")
    assert late.state is State.BROKEN
    assert late.says.startswith("Nobody has looked for 5 min")
    assert ("Shard 0", "held by nobody") in late.details


@pytest.mark.parametrize(("way", "state"), [("raw", State.WORKS), ("datagram", State.WORKS), (None, State.LOOK)])
def test_pinging_by_each_way(db, monkeypatch, way, state):
    monkeypatch.setattr(icmp, "how", lambda: way)
    assert found("Ping (ICMP)").state is state


def test_no_right_to_ping_is_broken_where_checks_need_it_and_says_the_fix(db, monkeypatch):
    monkeypatch.setattr(icmp, "how", lambda: None)
    Check.objects.create(equipment=make.equipment(address="192.0.2.1"), probe="icmp")
    finding = found("Ping (ICMP)")
    assert finding.state is State.BROKEN
    assert "AmbientCapabilities=CAP_NET_RAW" in finding.fix
    assert 'ping_group_range="0 2147483647"' in finding.fix


def test_what_a_shift_could_not_do_is_said(db):
    seen(1, trouble={"icmp": {"why": "not allowed", "since": ""}, "tcp": {"why": "too many files", "since": ""}})
    assert found("Ping (ICMP)").says == "It cannot ping: not allowed"
    assert found("Connections (TCP)").says == "It cannot try connections: too many files"


def test_the_queue_by_its_last_sign(db, monkeypatch):
    monkeypatch.setattr(processes, "marked", lambda mark: [])
    assert found("Queue").state is State.LOOK
    monkeypatch.setattr(processes, "marked", lambda mark: [41, 42])
    monkeypatch.setattr(pulse, "last", lambda group: {42: time.monotonic() - 3}.get(group, 0.0))
    assert found("Queue").says == "It runs."
    monkeypatch.setattr(pulse, "last", lambda group: time.monotonic() - 90)
    assert found("Queue").says == "The cluster has run no task for 1 min."


def test_the_queue_says_what_waits_and_what_failed(db, monkeypatch):
    monkeypatch.setattr(health, "silence", lambda cluster: 1.0)
    now = timezone.now()
    Task.objects.create(
        id="a" * 32, name="a", func="x.y", started=now, stopped=now, success=False, result="No : Trace\nback"
    )
    OrmQ.objects.create(key="default", payload="x", lock=now)
    OrmQ.objects.create(key="looking", payload="x", lock=now)
    finding = found("Queue")
    assert finding.state is State.LOOK
    assert dict(finding.details)["Waiting"] == "1 tasks"
    assert dict(finding.details)["Last failure"].startswith("x.y, ")
    assert dict(finding.details)["Last failure"].endswith("No : Trace")
    monkeypatch.setattr(health, "MANY_TASKS", 0)
    assert found("Queue").says == "1 tasks wait: more come than are done."


def test_the_outbox_by_its_oldest_and_its_failures(db):
    user = make.user()
    now = timezone.now()
    assert found("Outbox").state is State.WORKS
    one = delivery(user)
    assert found("Outbox").state is State.WORKS
    Delivery.objects.update(due_at=now - timedelta(minutes=3))
    assert found("Outbox").state is State.LOOK
    Delivery.objects.update(due_at=now - timedelta(minutes=30))
    assert found("Outbox").says == "The oldest notice has waited for 30 min."
    assert found("Outbox").state is State.BROKEN
    Delivery.objects.update(state="failed")
    Attempt.objects.create(delivery=one, started_at=now, ended_at=now, error="no such inbox")
    finding = found("Outbox")
    assert finding.state is State.LOOK
    assert dict(finding.details)["Failed in a day"] == "1 deliveries"
    assert dict(finding.details)["Last failure"].endswith("no such inbox")


def test_the_database_and_its_migrations(db, monkeypatch):
    finding = found("Database")
    assert finding.state is State.WORKS
    assert dict(finding.details)["Engine"].split()[0] in ("SQLite", "PostgreSQL")
    monkeypatch.setattr(machine.MigrationExecutor, "migration_plan", lambda self, targets: [1, 2])
    assert found("Database").says == "2 migrations are not applied."


@pytest.mark.parametrize(("free", "state"), [(5 << 30, State.WORKS), (500 << 20, State.LOOK), (9 << 20, State.BROKEN)])
def test_the_disk(db, monkeypatch, free, state):
    usage = type(machine.shutil.disk_usage("/"))
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: usage(100 << 30, 0, free))
    assert machine.disk(timezone.now()).state is state


@pytest.mark.parametrize(("right", "state"), [(True, State.WORKS), (False, State.LOOK), (None, State.LOOK)])
def test_the_clock(db, monkeypatch, right, state):
    monkeypatch.setattr(machine, "is_synchronised", lambda: right)
    assert machine.clock(timezone.now()).state is state


def test_the_kernel_can_be_asked_about_its_clock():
    assert machine.is_synchronised() in (True, False, None)


@pytest.mark.parametrize(
    ("url", "host", "state"),
    [
        ("https://desk.example.net", "desk.example.net", State.WORKS),
        ("http://localhost:8000", "localhost", State.WORKS),
        ("http://desk.example.net", "desk.example.net", State.LOOK),
    ],
)
def test_the_address(settings, url, host, state):
    settings.PUBLIC_URL, settings.PUBLIC_HOST = url, host
    assert machine.address(timezone.now()).state is state


def test_versions_are_named(db):
    assert {"Towerwatch", "Python", "Django", "django-q2", "Database", "Operating system"} == set(
        dict(found("Versions").details)
    )


def test_what_cannot_be_looked_at_is_broken_and_the_rest_still_counts(manager, monkeypatch):
    def fails(now):
        raise OSError("no such thing")

    monkeypatch.setitem(health.EXAMINED, "Disk", fails)
    assert found("Disk").says == "It could not be looked at: no such thing"
    page = manager.get(reverse("health"))
    assert page.status_code == 200
    assert "It could not be looked at" in page.text
    assert "Versions" in page.text


def test_the_whole_is_as_good_as_its_worst():
    assert health.worst([("a", works("x")), ("b", look("x", "y"))]) is State.LOOK
    assert health.worst([("a", broken("x", "y")), ("b", look("x", "y"))]) is State.BROKEN
    assert health.worst([("a", works("x"))]) is State.WORKS
