"""Upkeep: what is old goes, what is to be sent stays, and nothing is ever told twice for it."""

import threading
from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, connections
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import strategies

from config import options
from notifications import actions, jobs, outbox, upkeep
from notifications.delivery import replay
from notifications.models import Attempt, Delivery, Mute, Notice, Report, Storm, Subscription, Told
from notifications.told import mark
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=91)
State = Delivery.State


@pytest.fixture
def person():
    return make.user()


def letter(person, about: Model, number=0, at=OLD, event="outage.opened", **fields):
    kind = ContentType.objects.get_for_model
    row = {
        "fingerprint": f"{number:064x}", "event": event, "object_type": kind(about), "object_id": about.pk,
        "recipient_type": kind(person), "recipient_id": person.pk, "text": "hello", "due_at": at, "created_at": at,
    }  # fmt: skip
    return outbox.Letter(Notice(**(row | fields)), person)


def told(person, about=None, number=0, at=OLD, state=State.DONE, **fields):
    """A notice of that time whose deliveries are over."""
    outbox.post([letter(person, about or person, number, at, **fields)], at)
    found = Notice.objects.get(fingerprint=f"{number:064x}")
    for delivery in found.deliveries.all():
        Attempt.objects.create(delivery=delivery, started_at=at, ended_at=at)
    found.deliveries.update(state=state)
    return found


def swept(now=NOW, **how):
    return upkeep.sweep(now, **({"gap": 0} | how))


def test_what_is_old_goes_with_its_deliveries_and_attempts(person):
    told(person, number=1)
    kept = told(person, number=2, at=NOW - timedelta(days=89))
    assert swept().notices == 1
    assert list(Notice.objects.all()) == [kept]
    assert Delivery.objects.count() == Attempt.objects.count() == 1
    assert swept().notices == 0


def test_of_what_was_written_to_somebody_no_mark_stays(person):
    for number, event in enumerate(("notice.direct", "notice.general", "")):
        told(person, make.site(), number, event=event)
    assert swept().notices == 3
    assert not Told.objects.exists()


def test_what_was_swept_is_never_told_again(person):
    site = make.site()
    told(person, site)
    swept()
    assert not Notice.objects.exists()
    refused = set()
    assert outbox.post([letter(person, site, at=NOW)], NOW, refused) == 0
    assert refused == {f"{0:064x}"}
    assert not Notice.objects.exists() and not Delivery.objects.exists()
    assert outbox.post([letter(person, site, number=1, at=NOW)], NOW) == 1


def test_once_its_object_is_deleted_its_mark_may_go(person):
    site, other = make.site(), make.site()
    told(person, site, 1)
    told(person, other, 2)
    swept()
    assert set(Told.objects.values_list("object_id", flat=True)) == {site.pk, other.pk}
    site.delete()
    assert swept().marks == 1
    assert Told.objects.get().object_id == other.pk
    assert Told.objects.get().pk == mark(f"{2:064x}")


def test_of_what_is_gone_and_of_what_nobody_asked_for_no_mark_is_kept(person):
    site = make.site()
    told(person, site, 1)
    site.delete()
    told(person, person, 2, event="")
    assert swept().notices == 2
    assert not Told.objects.exists()


@pytest.mark.parametrize("state", [State.WAITING, State.HELD])
def test_what_is_still_to_be_sent_stays_however_old(person, state):
    told(person, state=state)
    assert swept().notices == 0
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("state", [State.DONE, State.WITHDRAWN, State.FAILED, State.DIGESTED])
def test_what_is_over_goes(person, state):
    told(person, state=state)
    assert swept().notices == 1


def test_what_is_snoozed_waits_to_be_acknowledged_or_is_not_due_yet_stays(person):
    told(person, number=1, snoozed_until=NOW + timedelta(days=1))
    told(person, number=2, escalate_at=NOW + timedelta(minutes=5), escalate_after=5)
    told(person, number=3, due_at=NOW + timedelta(days=5))
    told(person, number=4, escalate_at=NOW + timedelta(minutes=5), escalate_after=5, acked_at=OLD)
    told(person, number=5, snoozed_until=NOW - timedelta(days=1))
    assert swept().notices == 2
    assert Notice.objects.count() == 3


def test_what_was_replayed_yesterday_stays(person):
    notice = told(person, state=State.FAILED)
    replay.replay(notice.deliveries.get(), NOW - timedelta(days=1))
    notice.deliveries.update(state=State.DONE)
    assert swept().notices == 0
    assert swept(NOW + timedelta(days=90)).notices == 1


def test_how_long_is_set_by_the_administrator_and_never_less_than_a_week(person):
    told(person, number=1, at=NOW - timedelta(days=30))
    told(person, number=2, at=NOW - timedelta(days=6))
    assert swept().notices == 0
    options.change(notices_kept_days=1)
    assert swept().notices == 1
    assert Notice.objects.get().fingerprint == f"{2:064x}"


def test_a_run_that_takes_too_long_ends_and_the_next_goes_on(person, monkeypatch):
    monkeypatch.setattr(upkeep, "PORTION", 3)
    for number in range(10):
        told(person, number=number)
    assert swept(longest=0).notices == 3
    assert swept().notices == 7


def test_whoever_dies_half_way_leaves_whole_portions(person, monkeypatch):
    monkeypatch.setattr(upkeep, "PORTION", 3)
    site = make.site()
    for number in range(10):
        told(person, site, number)
    lived = iter([False])

    def dies(seconds):
        if next(lived, True):
            raise KeyboardInterrupt

    monkeypatch.setattr(upkeep.time, "sleep", dies)
    with pytest.raises(KeyboardInterrupt):
        swept()
    assert (Notice.objects.count(), Told.objects.count()) == (4, 6)
    monkeypatch.setattr(upkeep.time, "sleep", lambda seconds: None)
    assert swept().notices == 4
    assert Told.objects.count() == 10


def test_reports_storms_and_digests_go_when_nothing_needs_them(person):
    used = Report.objects.create(name="a", media_type="text/csv", content=b"1", made_at=OLD)
    Report.objects.create(name="b", media_type="text/csv", content=b"1", made_at=OLD)
    Report.objects.create(name="c", media_type="text/csv", content=b"1", made_at=NOW)
    digest = told(person, number=1)
    told(person, number=2, at=NOW, report=used, digest=digest)
    kind = ContentType.objects.get_for_model(person)
    Storm.objects.create(recipient_type=kind, recipient_id=person.pk, told_at=OLD)
    assert swept().reports == 1
    assert set(Report.objects.values_list("name", flat=True)) == {"a", "c"}
    assert Notice.objects.get().digest is None
    assert not Storm.objects.exists()


def test_a_portion_costs_the_same_however_much_it_holds(person):
    site = make.site()
    costs = []
    for count in (2, 40):
        for number in range(count):
            told(person, site, number + count * 100)
        cache.set(options.KEY, options.fresh(), 600)
        with CaptureQueriesContext(connection) as seen:
            assert swept().notices == count
        costs.append(len(seen))
    assert costs[0] == costs[1] < 40


def test_who_wanted_to_hear_of_what_is_no_more_is_forgotten(person):
    there, gone = make.site("Here"), make.site("Gone")
    for site in (there, gone):
        actions.subscribe(("user", str(person.pk)), "site.changed", site, person)
        actions.mute(person, site, None)
    actions.subscribe(("user", str(person.pk)), "incident.opened", None, person)
    gone.delete()
    assert swept().wishes == 2
    assert [row.about for row in Subscription.objects.filter(event="site.changed")] == [there]
    assert [row.about for row in Mute.objects.all()] == [there]
    assert swept().wishes == 0


def test_the_job_of_the_timetable_sweeps(person):
    told(person, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert jobs.sweep() == 1


@hypothesis.settings(
    max_examples=40, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(steps=strategies.lists(strategies.tuples(strategies.sampled_from("tsr"), strategies.integers(0, 4))))
def test_in_any_order_of_telling_sweeping_and_replaying_each_thing_is_told_once(person, steps):
    Notice.objects.all().delete()
    Told.objects.all().delete()
    site, at, times = make.site(), NOW, {}
    for step, number in steps:
        at += timedelta(days=40)
        if step == "t":
            times[number] = times.get(number, 0) + outbox.post([letter(person, site, number, at)], at)
        elif step == "s":
            Delivery.objects.filter(state=State.WAITING).update(state=State.DONE)
            swept(at)
        else:
            Delivery.objects.filter(notice__fingerprint=f"{number:064x}").update(state=State.FAILED)
            replay.replay_all(Delivery.objects.all(), at)
    assert set(times.values()) <= {1}


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_two_at_once_take_each_notice_away_once(monkeypatch):
    monkeypatch.setattr(upkeep, "PORTION", 10)
    person, site, counts = make.user(), make.site(), []
    for number in range(120):
        told(person, site, number)

    def work():
        counts.append(swept().notices)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sum(counts) + swept().notices == 120
    assert (Notice.objects.count(), Told.objects.count()) == (0, 120)


def test_how_long_is_set_on_the_settings_page_and_a_wrong_number_names_its_field(administrator):
    said = {"isp_name": "", "time_zone": "Europe/Berlin"}
    for wrong in ("6", "-1", "3651", "soon", "7.5"):
        answer = administrator.post(reverse("settings"), said | {"notices_kept_days": wrong})
        assert list(answer.context["form"].errors) == ["notices_kept_days"]
        assert f'value="{wrong}"' in answer.text
    assert options.fresh().notices_kept_days == 90
    administrator.post(reverse("settings"), said | {"notices_kept_days": "30"})
    assert options.fresh().notices_kept_days == 30
