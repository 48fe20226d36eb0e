"""Reminders: told to whom they are for, at their time, and to nobody else."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from config import defaults
from config.models import User
from customers.models import Reminder
from customers.reminders import actions
from notifications import audit, firing, planning
from notifications.actions import mute
from notifications.models import Notice, Plan, Subscription
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(moment):
    return time_machine.travel(moment, tick=False)


@pytest.fixture
def noon(db):
    """Everybody hears of their own reminders without having asked."""
    with at(NOW):
        defaults.give()
        yield


@pytest.fixture
def ada(noon):
    return make.user("manager", name="Ada")


@pytest.fixture
def ben(noon):
    return make.user("technician", name="Ben")


def told(person, event=""):
    return list(Notice.objects.to(person).filter(event__contains=event).order_by("pk").values_list("text", flat=True))


def fire(moment):
    with at(moment):
        firing.fire(moment)


@pytest.mark.parametrize("role", ["administrator", "engineer", "office", "technician", "manager"])
def test_everybody_hears_of_their_own_at_its_time_and_nobody_else_does(noon, role):
    others = [make.user(one) for one in ("administrator", "engineer", "office", "technician", "manager")]
    mine = make.user(role)
    reminder = make.reminder(mine, "Call them back", of=make.customer("Dean Irvine"))
    fire(NOW + HOUR - timedelta(seconds=1))
    assert not Notice.objects.exists()
    fire(NOW + HOUR)
    assert told(mine) == ["Reminder, Wed 4 Mar 13:00: Call them back (Dean Irvine)"]
    assert not any(told(other) for other in others)
    assert Notice.objects.get().link == reminder.get_absolute_url()


def test_one_that_is_done_or_deleted_before_its_time_is_not_told(ada):
    actions.done(make.reminder(ada), ada, NOW)
    actions.delete(make.reminder(ada))
    assert not Plan.objects.exists()
    fire(NOW + 2 * HOUR)
    assert told(ada, "imminent") == []


def test_one_that_is_not_done_after_all_is_told(ada):
    found = make.reminder(ada)
    actions.done(found, ada, NOW)
    actions.undone(found)
    fire(NOW + HOUR)
    assert len(told(ada)) == 1


def test_one_that_is_moved_is_told_at_its_new_time_alone(ada):
    found = make.reminder(ada)
    actions.put_off(found, NOW + 3 * HOUR)
    fire(NOW + 2 * HOUR)
    assert told(ada) == []
    fire(NOW + 3 * HOUR)
    fire(NOW + 4 * HOUR)
    assert told(ada) == ["Reminder, Wed 4 Mar 15:00: Call them back"]


def test_one_that_was_told_and_is_put_off_is_told_again(ada):
    found = make.reminder(ada)
    fire(NOW + HOUR)
    with at(NOW + HOUR):
        actions.put_off(Reminder.objects.get(pk=found.pk), NOW + 2 * HOUR)
    fire(NOW + 2 * HOUR)
    assert len(told(ada)) == 2


def test_one_whose_time_came_while_nothing_ran_is_told_late_and_once(ada):
    make.reminder(ada)
    fire(NOW + timedelta(days=2))
    fire(NOW + timedelta(days=3))
    assert len(told(ada)) == 1


def test_whoever_wants_it_earlier_is_told_that_early_too(ada):
    own = ("user", str(ada.pk))
    Subscription.objects.create(
        event="reminder.imminent", recipient_kind=own[0], recipient_key=own[1], asked={"minutes": [15, 0]}
    )
    make.reminder(ada)
    planning.plan_new(NOW)
    fire(NOW + HOUR - timedelta(minutes=15))
    assert len(told(ada)) == 1
    fire(NOW + HOUR)
    assert len(told(ada)) == 2


def test_a_colleague_is_told_by_whom_and_hears_of_it_at_its_time(ada, ben):
    with audit.acting(ada):
        make.reminder(ben, "Bring the ladder", by=ada)
    assert told(ben) == ["Ada reminds you, Wed 4 Mar 13:00: Bring the ladder"]
    fire(NOW + HOUR)
    assert told(ben, "imminent") == ["Reminder, Wed 4 Mar 13:00: Bring the ladder"]
    assert told(ada) == []


def test_what_one_makes_for_oneself_is_not_told_when_it_is_made(ada):
    found = make.reminder(ada)
    found.text = "Something else"
    found.save()
    assert told(ada) == []


def test_each_of_the_two_hears_what_the_other_did_with_it(ada, ben):
    found = make.reminder(ben, "Bring the ladder", by=ada)
    with audit.acting(ben):
        actions.put_off(found, NOW + 2 * HOUR)
        actions.done(found, ben, NOW)
    assert told(ada) == [
        "Reminder, when changed: Wed 4 Mar 14:00, Bring the ladder",
        "Done, by reminder of Ben: Bring the ladder",
    ]
    with audit.acting(ada):
        actions.delete(found)
    assert told(ben, "deleted") == ["Reminder taken back: Bring the ladder"]


def test_what_was_told_of_it_is_read_once_it_is_done(ada):
    found = make.reminder(ada)
    fire(NOW + HOUR)
    other = make.reminder(ada, "Other", due_at=NOW + 2 * HOUR)
    fire(NOW + 2 * HOUR)
    actions.done(found, ada, NOW + 2 * HOUR)
    assert [notice.object_id for notice in Notice.objects.to(ada).unread()] == [other.pk]


def test_one_that_is_handed_to_another_is_told_to_that_one(ada, ben):
    cleo = make.user("office", name="Cleo")
    found = make.reminder(ben, "Bring the ladder", by=ada)
    with audit.acting(ada):
        found.user = cleo
        found.save()
    assert told(cleo) == ["Ada reminds you, Wed 4 Mar 13:00: Bring the ladder"]
    fire(NOW + HOUR)
    assert len(told(cleo, "imminent")) == 1 and told(ben, "imminent") == []


def test_whoever_takes_over_from_who_leaves_gets_the_open_ones(ada, ben):
    cleo = make.user("engineer", name="Cleo")
    make.reminder(ben, "Mine")
    actions.done(make.reminder(ben, "Done"), ben, NOW)
    assert actions.hand_over(ben, cleo) == 1
    assert [one.text for one in Reminder.objects.filter(user=cleo)] == ["Mine"]
    assert told(cleo) == ["Ben reminds you, Wed 4 Mar 13:00: Mine"]


def test_who_is_off_hears_nothing(ada):
    make.reminder(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    fire(NOW + HOUR)
    assert not Notice.objects.exists()


def test_it_belongs_to_its_object_and_to_what_that_belongs_to(ada):
    customer, site = make.customer(), make.site()
    radio = make.equipment(customer=customer, site=site)
    assert make.reminder(ada, of=radio).scopes() == [
        ("customers.Equipment", radio.pk), ("customers.Customer", customer.pk), ("customers.Site", site.pk),
    ]  # fmt: skip
    assert make.reminder(ada).scopes() == []
    mute(ada, site, None)
    fire(NOW + HOUR)
    assert [text for text in told(ada) if "(" in text] == []


def test_it_outlives_its_object(ada):
    radio = make.equipment("roof radio")
    found = make.reminder(ada, of=radio)
    radio.delete()
    fire(NOW + HOUR)
    found = Reminder.objects.get(pk=found.pk)
    assert (found.thing, found.about, found.scopes()) == (None, "roof radio", [])
    assert told(ada) == ["Reminder, Wed 4 Mar 13:00: Call them back (roof radio)"]


def test_a_text_as_long_as_it_may_be_is_cut_where_it_is_told(ada):
    make.reminder(ada, "x" * 280, of=make.customer("y" * 80 + " " + "z" * 80))
    fire(NOW + HOUR)
    assert len(told(ada)[0]) == 280 and told(ada)[0].endswith("…")


def test_its_time_is_kept_as_the_database_gives_it_back(ada):
    denver = timezone.get_fixed_timezone(-420)
    make.reminder(ada, due_at=(NOW + HOUR).astimezone(denver))
    fire(NOW + HOUR)
    assert len(told(ada)) == 1


def test_what_it_is_called_gives_nothing_away(ada):
    assert "Call" not in str(make.reminder(ada))
