"""Steps of the clock: nothing waits for a time that was meant otherwise, and the disk's pace is told."""

import time
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django_q.models import Schedule

from agents import shifts
from agents.models import Lease
from agents.probes.readings import Reading
from config import machine, options, room, steps, timetable
from config.finding import State
from config.metronome import Metronome
from notifications.delivery import deliver
from notifications.models import Address, Delivery, Notice
from outages import recording
from outages.models import Check, Outage
from tests import make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def waiting(due, created) -> Delivery:
    user = make.user()
    kind = ContentType.objects.get_for_model(user)
    notice = Notice.objects.create(
        fingerprint=str(time.monotonic_ns()), event="incident.opened", object_type=kind, object_id=user.pk,
        recipient_type=kind, recipient_id=user.pk, text="x", due_at=due, created_at=created,
    )  # fmt: skip
    address = Address.objects.create(
        owner_type=kind, owner_id=user.pk, channel="inbox", given=True, verified_at=created
    )
    return Delivery.objects.create(notice=notice, address=address, channel=address.channel, due_at=due)


@pytest.mark.parametrize("step", [-3600.0, -3.0, 3.0, 3600.0])
def test_a_step_is_seen_once_and_drifting_is_none(step):
    watch = steps.Steps()
    assert watch.look() == 0
    watch.offset -= 0.5
    assert watch.look() == 0
    watch.offset -= step
    assert watch.look() == pytest.approx(step, abs=0.1)
    assert watch.look() == 0


def test_the_metronome_looks_each_second_and_a_step_that_could_not_be_mended_is_seen_again():
    metronome = Metronome()
    metronome.watch_clock()
    metronome.clock.offset += 7200
    metronome.watch_clock()
    assert options.fresh().clock_step["seconds"] == -7200
    metronome.watch_clock()
    watch = steps.Steps()
    watch.offset += 7200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timetable, "TIMETABLE", None)
        with pytest.raises(TypeError):
            steps.watch(watch)
    assert watch.look() == pytest.approx(-7200, abs=0.1)


def test_when_the_clock_goes_back_looking_begins_anew_at_once():
    now = timezone.now()
    Lease.objects.create(shard=0, holder="here:1:ab", until=now + HOUR + shifts.LEASE)
    assert shifts.lapsed(now) == []
    steps.mend(-3600, now)
    assert shifts.lapsed(now) == [0]
    # Who held it loses it, and plans nothing by the old clock any more.
    assert not shifts.renew(0, "here:1:ab")


def test_what_was_to_be_sent_at_once_is_not_sent_an_hour_late():
    now = timezone.now()
    at_once, later = waiting(now + HOUR, now + HOUR), waiting(now + 3 * HOUR, now + HOUR)
    old_reminder = waiting(now + HOUR / 2, now - HOUR)
    taken = waiting(now, now - HOUR)
    Delivery.objects.filter(pk=taken.pk).update(lease="a", leased_until=now + HOUR + timedelta(seconds=60))
    steps.mend(-3600, now)
    assert list(Delivery.objects.due(now)) == [at_once]
    assert Delivery.objects.get(pk=later.pk).due_at == now + 3 * HOUR
    assert Delivery.objects.get(pk=old_reminder.pk).due_at == now + HOUR / 2
    assert Delivery.objects.get(pk=taken.pk).leased_until - now == timedelta(seconds=60)
    assert deliver.deliver(now) == 1


def test_readings_after_the_step_are_not_late_for_an_hour():
    now = time.time()
    check = make.check()
    record = lambda up, at: recording.record([Reading(check.pk, up, at, 1.0 if up else None, {}, "")])  # noqa: E731
    record(True, now + 3500)
    record(False, now + 3595)  # the run has begun, and then the clock goes back by an hour
    steps.mend(-3600, timezone.now())
    row = Check.objects.get(pk=check.pk)
    assert (row.run, row.run_first, row.settled) == ([], None, True)
    for seconds in (1, 6, 11):
        record(False, now + seconds)
    assert abs(Outage.objects.get().started_at.timestamp() - now - 1) < 0.01


def test_the_timetable_does_not_stand_still_for_an_hour():
    timetable.install()
    now = timezone.now()
    Schedule.objects.update(next_run=now + HOUR)
    steps.mend(-3600, now)
    soon = Schedule.objects.get(func="notifications.jobs.deliver")
    assert soon.next_run <= now + timedelta(minutes=1, seconds=5)


def test_a_step_forward_takes_nothing_away():
    now = timezone.now()
    held = Lease.objects.create(shard=0, holder="here:1:ab", until=now + shifts.LEASE)
    steps.mend(3600, now)
    assert shifts.renew(0, held.holder)


def test_the_doctor_tells_of_a_step_for_a_day():
    now = timezone.now()
    steps.mend(-3600, now)
    finding = machine.clock(now)
    assert finding.state is State.LOOK
    assert finding.says.startswith("The clock was moved by 1 h 00 min back, to ")
    steps.mend(90, now)
    assert machine.clock(now).says.startswith("The clock was moved by 1 min forward")
    assert "moved" not in machine.clock(now + timedelta(days=2)).says


def test_the_disk_by_its_pace():
    now = timezone.now()
    start = now.timestamp() - 40 * 3600
    samples = [[start + hour * 3600, 100e9 - hour * 1e9] for hour in range(41)]
    assert room.days_left(samples, int(60e9), now) == pytest.approx(2.5)
    assert room.days_left(samples[-5:], int(60e9), now) is None
    assert room.days_left([], int(60e9), now) is None
    assert room.days_left([[start, 50e9]], int(60e9), now) is None
    assert room.days_left([[start, 60e9]], 0, now) == 0


def test_a_disk_that_fills_is_said_before_it_is_full():
    now = timezone.now()
    free = room.free()
    options.change(disk_free=[[now.timestamp() - 24 * 3600, free * (1 + 1 / 4.5)]])
    finding = machine.disk(now)
    assert finding.state is State.LOOK
    assert "At the pace of the last two days it is full in 4 d" in finding.says
    options.change(disk_free=[[now.timestamp() - 24 * 3600, free]])
    assert machine.disk(now).state is State.WORKS


def test_the_samples_of_two_days_are_kept_and_none_of_the_future():
    now = timezone.now()
    options.change(disk_free=[[now.timestamp() + 999, 1.0]])
    for hour in range(60):
        room.note(now + timedelta(hours=hour))
    samples = options.fresh().disk_free
    assert len(samples) == room.KEPT
    assert samples == sorted(samples) and 1.0 not in [free for _, free in samples[:1]]
