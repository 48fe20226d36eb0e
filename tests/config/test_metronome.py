import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signals import post_execute_in_worker, pre_execute

from agents.models import Lease
from config import pulse
from config.metronome import STALE, Metronome


@pytest.fixture
def signs(settings, tmp_path):
    settings.VAR = tmp_path
    pulse.clear()


def functions() -> list[str]:
    return [row.func() for row in OrmQ.objects.order_by("pk")]


def test_a_turn_asks_for_a_shift_and_a_sign_of_life(db):
    metronome = Metronome()
    metronome.turn()
    assert functions() == ["agents.shifts.shift", "config.jobs.beat"]
    assert list(OrmQ.objects.order_by("pk").values_list("key", flat=True)) == ["looking", "default"]


def test_the_next_turn_does_not_ask_again_at_once(db):
    metronome = Metronome()
    metronome.turn()
    metronome.turn()
    assert len(functions()) == 2


def test_a_database_that_is_away_costs_a_turn_and_one_line(caplog):
    metronome = Metronome()
    metronome.turn()
    metronome.turn()
    steps = ["ask_for_a_sign", "look_for_demo", "wake_deliver", "wake_escalations", "wake_plans", "wake_shifts"]
    assert sorted(record.args[0] for record in caplog.records) == steps


@pytest.mark.processes
def test_a_cluster_that_was_asked_and_stays_silent_ails(signs):
    metronome = Metronome()
    metronome.unanswered_since = time.monotonic() - STALE - 5
    assert metronome.default_ails(os.getpgrp(), age=60) == "has not run a task for 25 s"


def test_a_cluster_that_was_not_asked_may_be_silent(signs):
    assert Metronome().default_ails(os.getpgrp(), age=600) == ""


def test_a_cluster_that_has_just_started_is_given_time(signs):
    metronome = Metronome()
    metronome.unanswered_since = time.monotonic() - 100
    assert metronome.default_ails(os.getpgrp(), age=STALE - 1) == ""


def test_a_cluster_that_runs_a_task_lives(signs):
    metronome = Metronome()
    metronome.unanswered_since = time.monotonic() - 100
    post_execute_in_worker.send("django_q")
    assert metronome.default_ails(os.getpgrp(), age=600) == ""
    assert metronome.unanswered_since is None


@pytest.mark.django_db  # a task that begins asks for the ISP's zone
def test_busy_workers_may_be_silent_as_long_as_a_task_may_take(signs, settings):
    pre_execute.send("django_q")
    assert pulse.last(os.getpgrp()) - time.monotonic() == pytest.approx(settings.Q_CLUSTER["timeout"], abs=2)


def test_the_signs_of_one_group_say_nothing_about_another(signs):
    pulse.sign(time.monotonic())
    assert pulse.last(os.getpgrp() + 1) == 0


def test_without_a_supervisor_no_signs_are_kept(settings, tmp_path):
    settings.VAR = tmp_path
    pulse.sign(time.monotonic())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.processes
def test_a_cluster_that_takes_no_shift_ails(db):
    metronome = Metronome()
    metronome.wake_shifts()
    assert metronome.looking_ails(1, age=60) == ""
    metronome.lapsed_since = {0: time.monotonic() - STALE - 5}
    assert metronome.looking_ails(1, age=60) == "has not taken a shift for 25 s"
    assert metronome.looking_ails(1, age=5) == ""


def test_a_shard_that_somebody_looks_at_is_left_alone(db):
    Lease.objects.create(shard=0, holder="x", until=timezone.now() + timedelta(seconds=8))
    metronome = Metronome()
    metronome.wake_shifts()
    assert functions() == []
