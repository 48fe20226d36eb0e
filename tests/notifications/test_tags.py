"""Tags are a change like any other; and what happens to customers, sites and equipment as such is told."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError

from customers.models import Customer, Reminder
from notifications import interest, planning
from notifications.asks import AskSeveral
from notifications.models import Notice, Plan, Subscription
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def wants(event, person=None, **fields):
    person = person or make.user()
    return Subscription.objects.create(event=event, recipient_kind="user", recipient_key=str(person.pk), **fields)


def told():
    return [notice.text for notice in Notice.objects.order_by("pk")]


def test_a_new_tag_is_told_once_however_it_is_put_on():
    wants("customer.tagged")
    dean, rosa, ann = (make.customer(name) for name in ("Dean Irvine", "Rosa Field", "Ann Hill"))
    dean.tags.add("vip", "fibre")
    dean.tags.add("vip")
    rosa.tags.set(["vip"])
    ann.tags.set([])
    rosa.tags.clear()
    assert told() == ["Dean Irvine was tagged: fibre, vip", "Rosa Field was tagged: vip"]


def test_only_the_tag_that_was_asked_for_is_told_and_again_when_it_comes_back():
    wants("customer.tagged", asked={"tag": "VIP"})
    dean = make.customer()
    dean.tags.add("fibre")
    assert told() == []
    for _ in range(2):
        dean.tags.add("vip")
        dean.tags.remove("vip")
    assert told() == ["Dean Irvine was tagged: vip"] * 2


def test_tags_that_nobody_wants_to_hear_of_cost_what_taggit_asks(django_assert_num_queries):
    dean = make.customer()
    # A subscription of an earlier test was rolled back, which leaves everybody asking for a while.
    interest.Version(settings.VAR / "interest").write(1, 0.0)
    assert not interest.anybody()
    with django_assert_num_queries(1):
        dean.tags.clear()


@time_machine.travel(NOW, tick=False)
def test_what_was_planned_follows_the_tags_of_what_an_object_belongs_to():
    wants("incident.still_open", asked={"minutes": 60}, tags_in=["vip"])
    site = make.site()
    Incident.objects.create(equipment=make.equipment(kind="ap", site=site), opened_at=NOW)
    planning.plan_new(NOW)
    planning.plan_new(NOW + timedelta(minutes=1))
    assert not Plan.objects.exists()
    site.tags.add("vip")
    assert Plan.objects.count() == 1
    site.tags.clear()
    assert not Plan.objects.exists()
    assert not planning.unplanned(NOW)


@time_machine.travel(NOW, tick=False)
def test_what_was_planned_follows_equipment_to_another_site():
    wants("incident.still_open", about=(tower := make.site()))
    device = make.equipment(kind="ap")
    incident = Incident.objects.create(equipment=device, opened_at=NOW)
    assert not Plan.objects.exists()
    for site, plans in ((tower, [incident]), (make.site(), []), (tower, [incident]), (None, [])):
        device.site = site
        device.save()
        assert [plan.about for plan in Plan.objects.all()] == plans


@time_machine.travel(NOW, tick=False)
def test_where_very_much_belongs_to_what_was_tagged_it_is_planned_anew_soon(monkeypatch):
    monkeypatch.setattr(planning, "MANY", 1)
    row = wants("incident.still_open", tags_in=["vip"])
    site = make.site()
    for _ in range(2):
        Incident.objects.create(equipment=make.equipment(kind="ap", site=site), opened_at=NOW)
    for now in (NOW, NOW + planning.AGAIN):
        planning.plan_new(now)
    site.tags.add("vip")
    assert planning.unplanned(NOW)
    planning.plan_new(NOW)
    assert Plan.objects.filter(subscription=row).count() == 2
    planning.plan_new(NOW + planning.AGAIN)
    assert not planning.unplanned(NOW + 2 * planning.AGAIN)


@time_machine.travel(NOW, tick=False)
def test_a_reminder_follows_the_tags_of_its_object_within_seconds():
    user = make.user()
    row, plain = wants("reminder.imminent", user, tags_in=["vip"]), wants("reminder.imminent", make.user())
    site = make.site()
    made = {"text": "call", "due_at": NOW + timedelta(hours=2), "user": user, "created_by": user}
    Reminder.objects.create(**made, object_id=site.pk, object_type=ContentType.objects.get_for_model(site))

    def planned():
        for now in (NOW, NOW + planning.AGAIN):
            planning.plan_new(now)
        return Plan.objects.filter(subscription=row).count()

    assert planned() == 0
    for tags, plans in ((["vip"], 1), (["roof"], 0), (["VIP", "roof"], 1)):
        site.tags.set(tags)
        assert planning.unplanned(NOW)
        plain.refresh_from_db()
        assert plain.planned is planning.DONE
        assert planned() == plans


def test_a_life_is_told_from_beginning_to_end():
    for event in ("created", "changed", "deleted"):
        wants(f"customer.{event}")
    dean = make.customer()
    for phone in ("1", "2", "1"):
        dean.phone = phone
        dean.save()
    dean.notes = "nobody asked for these"
    dean.save()
    dean.delete()
    assert told() == [
        "Dean Irvine was added", *["Dean Irvine: phone changed"] * 3, "Dean Irvine was deleted",
    ]  # fmt: skip
    assert Notice.objects.latest("pk").link == ""
    assert not Customer.objects.exists()


def test_several_numbers_are_read_and_refused():
    field = AskSeveral("lead", "Lead times", [60], 1, 100).field([60, 10])
    assert field.clean("10, 60 ,10") == [60, 10]
    assert field.clean("") is None
    assert field.prepare_value([60, 10]) == "60, 10"
    for wrong in ("0", "101", "x", "1.5", "-3"):
        with pytest.raises(ValidationError):
            field.clean(wrong)


def test_several_tags_put_on_at_once_are_told_once_to_who_asks_for_one_and_for_any(engineer):
    for asked in ({"tag": ""}, {"tag": "vip"}):
        kind, key = ("role", "engineer") if asked["tag"] else ("user", str(engineer.user.pk))
        Subscription.objects.create(event="site.tagged", recipient_kind=kind, recipient_key=key, asked=asked)
    make.site().tags.add("vip", "roof")
    assert len(Notice.objects.get(recipient_id=engineer.user.pk).why) == 2
