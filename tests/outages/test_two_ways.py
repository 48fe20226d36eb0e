"""A device that is asked itself and spoken of by a source: one incident for one cause, whoever says it later."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from notifications.models import Notice, Subscription
from outages import recording
from outages.models import Check, Incident, Outage
from tests import make
from tests.outages.desk import check_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def tower(desk):
    """A backhaul, a sector and three homes, all up by a check of their own and by a UISP."""
    main = make.source()
    backhaul = check_of(name="backhaul", kind="ptp")
    sector = check_of(name="sector", kind="ap", uplink=backhaul.equipment)
    whose = [{"uplink": sector.equipment, "customer": make.customer(f"Home {number}")} for number in range(3)]
    homes = [check_of(name=f"cpe {number}", kind="cpe", **home) for number, home in enumerate(whose)]
    asked = [backhaul, sector, *homes]
    told = [make.followed(main, check.equipment, f"dev-{check.pk}") for check in asked]
    desk.read(0, up=[*asked, *told])
    return asked, told


def test_a_source_that_has_not_decided_yet_does_not_make_an_incident_of_each_device(desk, tower):
    asked, told = tower
    for second in (10, 15, 20):
        desk.read(second, down=asked)
    desk.read(30, down=told)
    for second in (40, 60, 75):
        desk.read(second, down=asked)
    incident = Incident.objects.open().get()
    assert incident.equipment.name == "backhaul"
    assert incident.outages.count() == 5


def test_a_source_that_still_believes_in_it_does_not_either(desk, tower):
    asked, told = tower
    desk.read(12, up=told)
    for second in (10.5, 15, 20):
        desk.read(second, down=asked)
        desk.read(second + 0.2, up=told)
    for second in (40, 60, 75):
        desk.read(second, down=asked, up=told)
    assert [incident.equipment.name for incident in Incident.objects.open()] == ["backhaul"]


def test_a_source_that_calls_down_what_answers_makes_no_outage_of_it(desk, tower):
    asked, told = tower
    for second in (30, 60, 90):
        desk.read(second, up=asked, down=told)
    assert not Outage.objects.exists()
    backhaul = asked[0].equipment
    backhaul.refresh_from_db()
    assert backhaul.state == "degraded"
    assert recording.judge_afresh() == 0
    desk.read(120, up=[*asked, *told])
    for second in (150, 180, 210):
        desk.read(second, up=[*asked, *told])
    backhaul.refresh_from_db()
    assert backhaul.state == "up"


def test_what_falls_silent_itself_after_that_is_an_outage_by_its_own_answer(desk, tower):
    asked, told = tower
    for second in (30, 60, 90):
        desk.read(second, up=asked, down=told)
    for second in (100, 105, 110):
        desk.read(second, down=asked)
    assert {outage.check_of for outage in Outage.objects.open()} == set(asked)
    assert set(Check.objects.values_list("equipment__state", flat=True)) == {"down"}
    assert Incident.objects.open().get().equipment == asked[0].equipment


def test_what_does_not_answer_itself_is_down_whatever_the_source_still_says(desk, tower):
    asked, _ = tower
    for second in (10, 15, 20):
        desk.read(second, down=asked)
    assert set(Check.objects.values_list("equipment__state", flat=True)) == {"down"}
    assert Outage.objects.open().count() == len(asked)


def test_when_nothing_asks_it_itself_any_more_the_source_is_heard_again(desk, tower):
    asked, told = tower
    for second in (30, 60, 90):
        desk.read(second, up=asked, down=told)
    Check.objects.filter(pk__in=[check.pk for check in asked]).delete()
    assert recording.judge_afresh() == len(told)
    for second in (120, 150, 180):
        desk.read(second, down=told)
    assert {outage.check_of for outage in Outage.objects.open()} == set(told)


def test_what_is_down_in_both_ways_is_shown_once(desk, tower, engineer):
    asked, told = tower
    for second in (10, 15, 20):
        desk.read(second, down=asked)
    for second in (30, 60, 90):
        desk.read(second, down=[*asked, *told])
    found = Incident.objects.open().get()
    assert found.outages.count() == 2 * len(asked)
    shown = engineer.get(found.get_absolute_url()).context
    assert (shown["home_count"], shown["our_count"]) == (3, 2)
    assert engineer.get(f"{reverse('outages')}?incident={found.pk}").context["page_obj"].paginator.count == 5
    desk.read(95, up=asked)
    Outage.objects.quietly().filter(check_of__in=asked).update(ended_at=timezone.now())
    assert {outage.check_of for outage in found.outages.once()} == set(told)


def test_two_outages_of_a_device_after_each_other_are_both_shown(desk):
    one = check_of(name="cpe", kind="cpe")
    for second in (0, 5, 10, 100, 105, 110):
        desk.read(second, **{"up" if second < 50 else "down": [one]})
    first = Outage.objects.get()
    Outage.objects.quietly().update(ended_at=first.started_at)
    make_second = {"check_of": one, "equipment": one.equipment, "opened_by": first.opened_by}
    later = first.started_at + timedelta(minutes=5)
    Outage.objects.create(**make_second, started_at=later, opened_at=later)
    assert Outage.objects.once().count() == 2


def test_staff_hear_once_of_what_is_down_and_back_in_both_ways(desk, tower, engineer):
    asked, told = tower
    for event in ("outage.opened", "outage.closed"):
        Subscription.objects.create(event=event, recipient_kind="user", recipient_key=str(engineer.user.pk))
    for second in (10, 15, 20):
        desk.read(second, down=asked)
    for second in (30, 60, 90):
        desk.read(second, down=[*asked, *told])
    for second in (100, 105, 110, 120, 150, 180):
        desk.read(second, up=[*asked, *told])
    assert not Outage.objects.open().exists()
    heard = Notice.objects.to(engineer.user)
    assert sorted(heard.filter(event="outage.opened").values_list("text", flat=True)) == [
        "backhaul is down", "cpe 0 is down", "cpe 1 is down", "cpe 2 is down", "sector is down",
    ]  # fmt: skip
    assert heard.filter(event="outage.closed").count() == 5
