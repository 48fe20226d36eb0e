"""Readings as they are kept: the journal, the hours, and the move from one to the other."""

import math
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from agents.probes.readings import Reading
from outages import history, jobs, recording
from outages.history import Point
from outages.models import Check, Hour, Outage, Sweep
from tests import make

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(second):
    return START + timedelta(seconds=second)


def reading(check, second, up=True, ms=4.0):
    key = check if isinstance(check, int) else check.pk
    return Reading(key, up, START.timestamp() + second, ms if up else None)


def shown(check, since=-86_400, until=86_400):
    """(second, up, ms) of each reading that is found."""
    found = history.points(check, at(since), at(until))
    return [(round(point.at - START.timestamp(), 3), point.up, point.ms) for point in found]


@pytest.fixture
def check():
    return make.check()


def test_a_reading_comes_back_as_it_went_in_before_and_after_it_is_folded(check):
    history.write([reading(check, 0.123, ms=4.567), reading(make.check(), 0.5)])
    history.write([reading(check, 10, up=False)])
    history.write([reading(check, 20, up=None)])
    expected = [(0.123, True, 4.567), (10, False, None), (20, None, None)]
    assert shown(check) == expected
    assert history.fold() == 3
    assert not Sweep.objects.exists()
    assert shown(check) == expected


@pytest.mark.parametrize(
    ("ms", "kept"),
    [(None, 0), (0, 0), (-5.0, 0), (math.nan, 0), (math.inf, 4_294_967.293), (1e12, 4_294_967.293), (0.0004, 0)],
)
def test_a_round_trip_of_any_size_can_be_kept(check, ms, kept):
    history.write([reading(check, 0, ms=ms)])
    assert shown(check) == [(0, True, kept)]
    history.fold()
    assert shown(check) == [(0, True, kept)]


def test_an_empty_sweep_leaves_nothing():
    history.write([])
    assert not Sweep.objects.exists()
    assert history.fold() == 0


def test_a_sweep_is_one_row_however_many_it_asked(django_assert_num_queries):
    with django_assert_num_queries(1):
        history.write([reading(key, key / 1000) for key in range(10_000)])
    assert Sweep.objects.count() == 1


def test_a_batch_from_several_hours_loses_nothing(check):
    seconds = [0, 59.999, 60, 3599.999, 3600, 60 * 86_400]
    history.write([reading(check, second) for second in seconds])
    assert [second for second, _, _ in shown(check, until=61 * 86_400)] == seconds
    for second in seconds:
        assert shown(check, since=second, until=second + 0.001) == [(second, True, 4.0)]
    history.fold()
    assert [second for second, _, _ in shown(check, until=61 * 86_400)] == seconds


def test_the_end_of_a_span_is_not_in_it(check):
    history.write([reading(check, second) for second in (0, 10, 20)])
    for _ in range(2):
        assert [second for second, _, _ in shown(check, since=0, until=20)] == [0, 10]
        assert shown(check, since=20.5, until=30) == []
        history.fold()


def test_readings_that_come_out_of_order_or_twice_are_shown_in_order_and_once(check):
    for second in (30, 10, 20, 10, 30):
        history.write([reading(check, second)])
    for _ in range(2):
        assert [second for second, _, _ in shown(check)] == [10, 20, 30]
        history.fold()


def test_folding_sorts_readings_into_their_hours(check):
    for second in (3590, 3599.5, 3600, 3610, 7200):
        history.write([reading(check, second)])
    history.fold()
    assert list(Hour.objects.order_by("start").values_list("start", "good")) == [
        (at(0), 2),
        (at(3600), 2),
        (at(7200), 1),
    ]


def test_an_hour_keeps_what_charts_of_a_year_need(check):
    for second, up, ms in ((0, True, 2.0), (10, True, 4.0), (20, False, None), (30, None, None)):
        history.write([reading(check, second, up, ms)])
    history.fold()
    history.write([reading(check, 40, ms=12.0), reading(check, 50, up=False)])
    history.fold()
    hour = Hour.objects.get()
    assert (hour.good, hour.bad, hour.mean_ms, hour.max_ms) == (3, 2, pytest.approx(6.0), 12.0)
    assert len(shown(check)) == 6


def test_an_hour_in_which_nothing_answered_has_no_round_trip(check):
    history.write([reading(check, 0, up=False)])
    history.fold()
    assert (Hour.objects.get().mean_ms, Hour.objects.get().max_ms) == (None, None)


def test_folding_twice_is_folding_once(check):
    history.write([reading(check, 0)])
    assert [history.fold(), history.fold()] == [1, 0]
    assert Hour.objects.get().good == 1


def test_folding_takes_the_oldest_first_and_the_job_takes_them_all(check):
    for second in range(10):
        history.write([reading(check, second)])
    assert history.fold(most=3) == 3
    assert Hour.objects.get().good == 3
    assert Sweep.objects.order_by("at").first().at == at(3)
    assert len(shown(check)) == 10
    assert jobs.fold() == 7
    assert len(shown(check)) == 10


def test_readings_of_a_check_that_was_deleted_are_forgotten_and_the_others_kept(check):
    gone = make.check()
    history.write([reading(check, 0), reading(gone, 0)])
    history.fold()
    history.write([reading(check, 10), reading(gone, 10), reading(999_999, 10)])
    gone.delete()
    assert history.fold() == 1
    assert Hour.objects.get().check_of == check
    assert len(shown(check)) == 2


def test_a_failure_while_folding_changes_nothing(check):
    history.write([reading(check, 0)])
    Sweep.objects.create(at=at(1), readings=b"torn")
    with pytest.raises(ValueError):
        history.fold()
    assert Sweep.objects.count() == 2
    assert not Hour.objects.exists()


def test_single_readings_are_kept_for_a_fortnight_and_figures_for_good(check):
    history.write([reading(check, 0), reading(check, 86_400)])
    history.fold()
    now = at(0) + history.KEEP_READINGS + timedelta(hours=1)
    assert history.prune(now) == 1
    assert history.prune(now) == 0
    assert [second for second, _, _ in shown(check, until=2 * 86_400)] == [86_400]
    assert list(Hour.objects.values_list("good", flat=True)) == [1, 1]


def test_ten_thousand_readings_at_once_are_kept_and_judged():
    checks = [make.check(count=1, window=5) for _ in range(30)]
    strangers = range(10**6, 10**6 + 10_000 - len(checks))
    recording.record([reading(key, 0) for key in (*[check.pk for check in checks], *strangers)])
    assert Check.objects.filter(state="up").count() == len(checks)
    recording.record([reading(key, 10, up=False) for key in (*[check.pk for check in checks], *strangers)])
    assert Outage.objects.open().count() == len(checks)
    assert jobs.fold() == 2
    assert Hour.objects.count() == len(checks)
    assert shown(checks[0]) == [(0, True, 4.0), (10, False, None)]


def in_threads(*works):
    """Run these at the same time, each with a connection of its own; raises what they raise."""
    start, faults = threading.Barrier(len(works)), []

    def run(work):
        start.wait()
        try:
            work()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []


@pytest.mark.django_db(transaction=True)
def test_workers_that_fold_at_the_same_time_count_every_reading_once(check):
    for second in range(0, 600, 2):
        history.write([reading(check, second)])

    def fold():
        for _ in range(60):
            history.fold(most=10)

    in_threads(fold, fold, fold)
    jobs.fold()
    assert Hour.objects.get().good == 300
    assert len(shown(check)) == 300


@pytest.mark.django_db(transaction=True)
def test_no_reading_is_missed_while_it_is_being_folded(check):
    for second in range(300):
        history.write([reading(check, second)])
    counts = []

    def look():
        while Sweep.objects.exists():
            counts.append(len(shown(check)))

    def fold():
        while history.fold(most=7):
            pass

    in_threads(look, fold)
    assert set(counts) <= {300}


def test_a_point_says_up_only_of_what_answered():
    assert history._point(0, 1500, history.SILENT) == Point(1.5, False, None)
    assert history._point(0, 1500, history.UNKNOWN) == Point(1.5, None, None)
    assert history._point(0, 1500, history.LONGEST).up is True
