"""The timetable becomes the queue's schedules, each job once, however often and wherever it is installed."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule

from config import timetable
from config.timetable import TIMETABLE, Entry

pytestmark = pytest.mark.django_db
JOB = TIMETABLE[0].job


@pytest.mark.parametrize("entry", TIMETABLE, ids=lambda entry: entry.job)
def test_every_job_exists_runs_and_says_why(entry):
    assert entry.minutes >= 1 and entry.why
    import_string(entry.job)()


def test_no_job_stands_there_twice():
    assert len({entry.job for entry in TIMETABLE}) == len(TIMETABLE)


def test_each_job_has_one_schedule_that_never_ends_and_is_due_at_once():
    timetable.install()
    rows = Schedule.objects.all()
    assert {row.func: row.minutes for row in rows} == {entry.job: entry.minutes for entry in TIMETABLE}
    assert {(row.schedule_type, row.repeats, row.cluster) for row in rows} == {(Schedule.MINUTES, -1, "default")}
    assert all(row.next_run <= timezone.now() for row in rows)


def test_installing_again_changes_nothing_and_keeps_the_next_run():
    timetable.install()
    soon = timezone.now() + timedelta(seconds=30)
    Schedule.objects.update(next_run=soon)
    before = set(Schedule.objects.values_list("pk", "func", "next_run"))
    timetable.install()
    assert set(Schedule.objects.values_list("pk", "func", "next_run")) == before


def test_a_job_that_left_the_timetable_is_no_longer_run():
    Schedule.objects.create(func="notifications.jobs.gone", schedule_type=Schedule.MINUTES, minutes=1)
    timetable.install()
    assert not Schedule.objects.filter(func="notifications.jobs.gone").exists()


def test_a_schedule_that_was_made_twice_is_made_one():
    for _ in range(2):
        Schedule.objects.create(func=JOB, schedule_type=Schedule.MINUTES, minutes=1)
    timetable.install()
    assert Schedule.objects.filter(func=JOB).count() == 1


def test_a_schedule_that_was_tampered_with_is_mended():
    timetable.install()
    Schedule.objects.filter(func=JOB).update(minutes=9999, repeats=0, schedule_type=Schedule.ONCE, cluster="elsewhere")
    timetable.install()
    row = Schedule.objects.get(func=JOB)
    assert (row.minutes, row.repeats, row.schedule_type, row.cluster) == (1, -1, Schedule.MINUTES, "default")


def test_a_shorter_interval_holds_from_now_on(monkeypatch):
    monkeypatch.setattr(timetable, "TIMETABLE", (Entry(JOB, 60 * 24, "why"),))
    timetable.install()
    Schedule.objects.update(next_run=timezone.now() + timedelta(days=1))
    monkeypatch.setattr(timetable, "TIMETABLE", (Entry(JOB, 5, "why"),))
    timetable.install()
    assert Schedule.objects.get().next_run <= timezone.now() + timedelta(minutes=5)
