"""Two are first at once: whoever the notice of one calls has time to answer before the other's is told to everybody."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from notifications.duty import escalation
from notifications.models import Notice
from tests import make
from tests.notifications.duty.making import NOW, all_week, road, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_with_mail")]


def escalated(*minutes):
    """Escalate each so many minutes after noon."""
    for some in minutes:
        with time_machine.travel(NOW + timedelta(minutes=some), tick=False):
            escalation.escalate(timezone.now())


def crew():
    """Emeka and Mei first, Tomas second, Ada an administrator."""
    emeka, mei, tomas, ada = make.user(), make.user(), make.user(), make.user("administrator")
    all_week(emeka), all_week(mei), all_week(tomas, rank=2)
    return emeka, mei, tomas, ada


def test_the_second_has_their_time_before_administrators_are_told():
    emeka, mei, tomas, ada = crew()
    thing = make.equipment()
    notices = [told(emeka, thing), told(mei, thing)]
    escalated(5)
    assert Notice.objects.to(tomas).count() == 1
    assert not Notice.objects.to(ada).exists()
    escalated(9)
    assert not Notice.objects.to(ada).exists()
    escalated(10)
    assert Notice.objects.to(ada).get().text.startswith("Nobody answered: ")
    escalated(15, 20, 25)
    assert Notice.objects.to(tomas).count() == Notice.objects.to(ada).count() == 1
    for notice in notices:
        assert [step.kind for step in notice.steps.all()][-1] == "ended"


def test_they_have_as_long_as_their_own_notice_says_also_where_the_other_goes_on_later():
    emeka, mei, tomas, ada = crew()
    road(mei, by_default=False)
    thing = make.equipment()
    slow, quick = told(emeka, thing, after=10), told(mei, thing, after=7)
    escalated(7, 10)  # Mei by a louder channel; Emeka's goes on to Tomas, for ten minutes
    assert Notice.objects.to(tomas).get().escalate_after == 10
    escalated(14, 19)
    assert not Notice.objects.to(ada).exists()
    quick.refresh_from_db(), slow.refresh_from_db()
    assert quick.escalate_at == slow.escalate_at == NOW + timedelta(minutes=20)
    escalated(20)
    assert Notice.objects.to(ada).count() == 1


def test_who_was_called_for_another_occurrence_keeps_nobody_waiting():
    emeka, mei, tomas, ada = crew()
    thing = make.equipment()
    told(emeka, thing)
    escalated(4)
    later = told(tomas, thing, now=NOW + timedelta(minutes=1))
    for person in (emeka, mei):
        told(person, thing, now=later.created_at, escalate_at=NOW + timedelta(hours=1))
    escalated(5, 6)
    assert Notice.objects.to(ada).count() == 1
