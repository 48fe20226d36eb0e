"""Nobody acknowledges: a louder channel, the next person, all administrators, each once and never after the end."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from notifications import acknowledging, reading
from notifications.delivery import deliver, pause
from notifications.duty import escalation
from notifications.models import Cover, Delivery, Notice, Step
from outages.models import Incident
from tests import make
from tests.notifications.duty.making import NOW, all_week, road, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_with_mail")]


def after(minutes):
    """Escalate as so many minutes after noon; how many notices were looked at."""
    with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
        return escalation.escalate(timezone.now())


def steps(notice):
    return [(step.kind, step.text) for step in notice.steps.all()]


def ways(notice):
    return sorted(notice.deliveries.values_list("address__channel", flat=True))


def crew():
    """Ada first, Ben second, an administrator; Ada and Ben have push besides e-mail, and Ada's is no default."""
    ada, ben, boss = make.user(name="Ada"), make.user(name="Ben"), make.user("administrator", name="Cy")
    all_week(ada)
    all_week(ben, rank=2)
    road(ada, by_default=False)
    return ada, ben, boss


def incident():
    return Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=NOW)


def test_one_step_after_the_other_and_then_nothing():
    ada, ben, boss = crew()
    notice = told(ada, after=5)
    assert ways(notice) == ["email", "inbox"]
    assert after(4) == 0
    assert after(5) == 1
    assert ways(notice) == ["email", "inbox", "webpush"]
    assert after(5) == 0
    assert after(10) == 1
    to_ben = Notice.objects.to(ben).get()
    assert to_ben.text == f"Ada did not answer: {notice.text}"
    assert ways(to_ben) == ["email", "inbox"]
    assert after(15) == 1
    assert Notice.objects.to(boss).get().text == f"Nobody answered: {notice.text}"
    assert after(20) == 1
    assert after(25) == after(500) == 0
    assert steps(notice) == [
        ("louder", "Sent by Push as well"),
        ("next", "Ada did not answer: told Ben"),
        ("everybody", "Nobody answered: told Cy"),
        ("ended", "Nobody is left to be told"),
    ]
    assert Notice.objects.count() == 3
    notice.refresh_from_db()
    taken = notice.steps.exclude(kind=Step.Kind.ENDED)
    assert (taken.count(), notice.escalate_at) == (3, None)


def test_reading_is_not_acknowledging():
    ada, ben, _ = crew()
    notice = told(ada)
    reading.read(notice, ada, NOW)
    after(5), after(10)
    assert Notice.objects.to(ben).count() == 1


def test_snoozing_is_not_acknowledging_either():
    ada, ben, _ = crew()
    notice = told(ada)
    reading.snooze(Notice.objects.filter(pk=notice.pk), ada, NOW + timedelta(days=7), NOW)
    after(5), after(10)
    assert Notice.objects.to(ben).count() == 1


@pytest.mark.parametrize("fields", [{"wanted": False}, {"off_at": NOW}, {"verified_at": None}])
def test_a_channel_that_is_off_is_never_used(fields):
    ada, ben = make.user(), make.user()
    all_week(ben)
    road(ada, by_default=False, **fields)
    notice = told(ada)
    after(5)
    assert ways(notice) == ["email", "inbox"]
    assert Notice.objects.to(ben).count() == 1


def test_without_a_louder_channel_the_next_person_is_told_at_once():
    ada, ben, _ = crew()
    notice = told(ben)
    after(5)
    assert [step.kind for step in notice.steps.all()] == ["next"]
    assert Notice.objects.to(ada).get().text.startswith("Ben did not answer: ")


def test_who_stands_in_at_that_time_is_the_next():
    ada, ben, _ = crew()
    dan = make.user(name="Dan")
    Cover.objects.create(person=dan, rank=2, starts_at=NOW + timedelta(minutes=8), ends_at=NOW + timedelta(hours=1))
    told(ada)
    after(5), after(10)
    assert (Notice.objects.to(dan).count(), Notice.objects.to(ben).count()) == (1, 0)


def test_nobody_on_duty_is_left_out_for_the_administrators():
    ada, boss = make.user(), make.user("administrator")
    notice = told(ada)
    after(5)
    assert [step.kind for step in notice.steps.all()] == ["everybody"]
    assert Notice.objects.to(boss).count() == 1


def test_several_who_were_told_of_the_same_lead_to_one_notice_for_each_other():
    ada, ben, boss = crew()
    dan, thing = make.user(), make.equipment()
    for person in (ada, dan):
        told(person, thing)
    for minutes in (5, 10, 15, 20, 25):
        after(minutes)
    assert Notice.objects.to(ben).count() == Notice.objects.to(boss).count() == 1
    assert Notice.objects.to(ada).count() == Notice.objects.to(dan).count() == 1


def test_the_next_occurrence_goes_its_way_anew():
    ada, ben, _ = crew()
    thing = make.equipment()
    told(ada, thing)
    after(5), after(10)
    told(ada, thing, now=NOW + timedelta(hours=1))
    for minutes in (65, 70):
        after(minutes)
    assert Notice.objects.to(ben).count() == 2


def test_acknowledging_the_new_notice_ends_it_for_everybody():
    ada, ben, boss = crew()
    notice = told(ada)
    after(5), after(10)
    assert acknowledging.acknowledge(Notice.objects.to(ben).get(), ben, NOW + timedelta(minutes=11))
    assert after(60) == 0
    assert steps(notice)[-1] == ("ended", "Ben acknowledged it")
    assert not Notice.objects.to(boss).exists()


def test_what_is_over_goes_on_to_nobody():
    ada, *_ = crew()
    notice = told(ada, one := incident())
    Incident.objects.quietly().filter(pk=one.pk).update(closed_at=NOW)
    assert after(5) == 1
    assert after(60) == 0
    assert steps(notice) == [("ended", "It is over")]
    assert ways(notice) == ["email", "inbox"]


def test_what_is_no_more_goes_on_to_nobody():
    ada, *_ = crew()
    thing = make.equipment()
    notice = told(ada, thing)
    type(thing).objects.quietly().filter(pk=thing.pk).delete()
    after(5)
    assert steps(notice) == [("ended", "It is over")]


def test_who_may_not_sign_in_any_more_is_sent_nothing_louder():
    ada, ben, _ = crew()
    notice = told(ada)
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    after(5)
    assert ways(notice) == ["email", "inbox"]
    assert Notice.objects.to(ben).count() == 1


def test_while_sending_is_paused_nothing_goes_on_and_afterwards_it_does():
    ada, *_ = crew()
    told(ada)
    pause.pause()
    assert after(60) == 0
    assert not escalation.waiting(NOW + timedelta(hours=1))
    pause.resume()
    assert escalation.waiting(NOW + timedelta(hours=1))
    assert after(60) == 1


def test_after_a_day_off_one_step_is_taken_and_not_all():
    ada, ben, _ = crew()
    notice = told(ada)
    assert escalation.hold(NOW + timedelta(days=1)) == 1
    assert after(24 * 60) == 0
    assert after(24 * 60 + 1) == 1
    assert [step.kind for step in notice.steps.all()] == ["louder"]
    assert after(24 * 60 + 2) == 0
    assert not Notice.objects.to(ben).exists()


def test_a_fault_in_one_puts_it_off_and_holds_up_no_other(caplog, settings):
    ada, dan = make.user(), make.user()
    road(ada, by_default=False)
    settings.LAST_RESORT = ("nonsense",)
    broken, fine = told(dan), told(ada)
    assert after(5) == 2
    assert f"the notice {broken.pk} could not be taken on" in caplog.text
    assert ways(broken) == ["email", "inbox"]
    assert not broken.steps.exists()
    assert fine.steps.count() == 1
    assert after(6) == 0
    settings.LAST_RESORT = ("role", "engineer")
    assert after(15) == 2
    assert broken.steps.get().kind == "everybody"


def test_a_worker_that_dies_half_way_leaves_nothing_behind():
    ada, *_ = crew()
    notice = told(ada)

    class Killed(BaseException):
        pass

    with pytest.raises(Killed), transaction.atomic():
        after(5)
        assert notice.steps.exists()
        raise Killed
    assert not notice.steps.exists()
    assert ways(notice) == ["email", "inbox"]
    assert after(5) == 1
    assert notice.steps.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_each_step_once():
    ada, ben, boss = crew()
    rows = [told(ada) for _ in range(12)]
    for minutes in (5, 10, 15):
        both = [threading.Thread(target=_worker, args=(minutes,)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
    for row in rows:
        assert [step.kind for step in row.steps.all()] == ["louder", "next", "everybody"]
        assert ways(row) == ["email", "inbox", "webpush"]
    assert Notice.objects.to(ben).count() == Notice.objects.to(boss).count() == 12
    assert Delivery.objects.values("notice", "address").distinct().count() == Delivery.objects.count()


def _worker(minutes):
    try:
        escalation.escalate(NOW + timedelta(minutes=minutes))
    finally:
        connection.close()


def test_a_louder_channel_that_was_used_from_the_start_is_not_used_again():
    ada, ben, _ = crew()
    notice = told(ada, channels=["webpush"])
    assert ways(notice) == ["inbox", "webpush"]
    after(5)
    assert ways(notice) == ["inbox", "webpush"]
    assert Notice.objects.to(ben).count() == 1


def test_a_thousand_that_are_due_are_taken_on_in_one_round(django_assert_max_num_queries):
    ada = make.user()
    thing = make.equipment()
    for _ in range(120):
        told(ada, thing)
    with django_assert_max_num_queries(4000):
        assert after(5) == 120
    assert Step.objects.count() == 120


def test_what_is_sent_louder_is_delivered_as_everything_is(settings):
    ada, *_ = crew()
    notice = told(ada)
    deliver.deliver(NOW)
    after(5)
    row = notice.deliveries.get(address__channel="webpush")
    assert (row.state, row.due_at) == ("waiting", NOW + timedelta(minutes=5))
