"""What happens to customers, contacts, sites and equipment as such, in words that say what it was."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from customers.models import Contact
from customers.removal import archive, restore
from notifications import firing, planning
from notifications.conditions import changed_words
from notifications.event import declared, of
from notifications.models import Notice, Plan, Subscription
from notifications.observe import Observed
from outages.models import Source
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
MADE = {
    "customer": lambda: make.customer("Dean Irvine"),
    "site": lambda: make.site("North ridge"),
    "equipment": lambda: make.equipment("roof radio"),
}


def at(moment):
    return time_machine.travel(moment, tick=False)


def wants(event, **asked):
    return Subscription.objects.create(
        event=event, recipient_kind="user", recipient_key=str(make.user().pk), asked=asked
    )


def told():
    return list(Notice.objects.order_by("pk").values_list("text", flat=True))


def test_every_observed_model_of_this_floor_and_the_sources_tell_their_life():
    for name in ("customer", "contact", "site", "equipment", "reminder", "source"):
        assert {f"{name}.created", f"{name}.changed", f"{name}.deleted"} <= set(declared()), name
    for name in MADE:
        assert {f"{name}.archived", f"{name}.tagged", f"{name}.aged"} <= set(declared()), name
    silent = {model._meta.label for model in Observed.__subclasses__() if not of(model._meta.label)}
    assert silent == set()


def test_a_change_says_which_fields_it_was():
    wants("customer.changed")
    customer = make.customer("Dean Irvine")
    customer.phone = "+1 406 555 0199"
    customer.save()
    customer.street, customer.town = "12 Quarry Road", "Overby"
    customer.save()
    customer.notes = "nobody asked"
    customer.save()
    assert told() == ["Dean Irvine: phone changed", "Dean Irvine: street and town changed"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["name"], "name changed"),
        (["name", "address"], "name and address changed"),
        (["a", "b", "c", "d"], "a, b, c and d changed"),
        (["a", "b", "c", "d", "e"], "5 fields changed: a, b, c, d, …"),
    ],
)
def test_few_fields_are_named_and_many_counted(names, words):
    assert changed_words(names) == words


def test_what_a_device_hangs_on_and_its_warranty_are_called_as_on_its_form():
    wants("equipment.changed")
    radio, core = make.equipment("roof radio"), make.equipment("core-1")
    radio.uplink, radio.warranty_until, radio.address = core, NOW.date(), "10.0.0.1"
    radio.save()
    assert told() == ["roof radio: IP address, warranty until and uplink changed"]


def test_tags_are_named():
    wants("site.tagged")
    make.site("North ridge").tags.add("winter road", "alpha")
    assert told() == ["North ridge was tagged: alpha, winter road"]


def test_only_the_tag_that_was_asked_for_is_named():
    wants("site.tagged", tag="VIP")
    make.site("North ridge").tags.add("vip", "alpha")
    assert told() == ["North ridge was tagged: vip"]


def test_contacts_come_change_and_go_and_belong_to_their_customer():
    customer, other = make.customer("Dean Irvine"), make.customer("Other")
    for name in ("created", "changed", "deleted"):
        row = wants(f"contact.{name}")
        row.about = customer
        row.save()
    make.contact(other)
    rosa = make.contact(customer, "Rosa Field")
    rosa.phone = "555"
    rosa.save()
    rosa.delete()
    assert told() == ["Rosa Field was added", "Rosa Field: phone changed", "Rosa Field was deleted"]
    assert not Contact.objects.filter(customer=customer).exists()


def test_a_source_tells_of_its_settings_and_never_of_its_keys():
    for name in ("created", "changed", "deleted"):
        wants(f"source.{name}")
    source = make.source("Main")
    source.nms_key = "another-secret"
    source.save()
    source.interval, source.on = 60, False
    source.save()
    Source.objects.get().delete()
    assert told() == ["Main was added", "Main: ask every (s) and ask it changed", "Main was deleted"]


@pytest.mark.parametrize("name", MADE)
def test_what_has_been_here_for_so_many_days_is_told_once(name):
    with at(NOW):
        wants(f"{name}.aged")
        wants(f"{name}.aged", days=30)
        thing = MADE[name]()
        assert sorted(plan.due_at - NOW for plan in Plan.objects.all()) == [timedelta(days=30), YEAR]
    for days in (29, 30, 31, 365, 366):
        with at(NOW + timedelta(days=days)):
            firing.fire(NOW + timedelta(days=days))
    assert told() == [f"{thing} has been here for 30 days", f"{thing} has been here for 365 days"]


@pytest.mark.parametrize("name", MADE)
def test_what_is_archived_or_gone_does_not_grow_old(name):
    with at(NOW):
        wants(f"{name}.aged")
        put_away, deleted = MADE[name](), make.customer("Gone") if name == "customer" else None
        archive(put_away, NOW)
        if deleted:
            deleted.delete()
        assert not Plan.objects.exists()
        restore(put_away)
        assert Plan.objects.count() == 1


def test_a_new_subscription_hears_of_the_age_of_what_is_there_already():
    with at(NOW - YEAR / 2):
        old = make.equipment("old")
        make.equipment("away", archived_at=NOW)
    with at(NOW):
        wants("equipment.aged")
        planning.plan_new(NOW)
        assert [plan.object_id for plan in Plan.objects.all()] == [old.pk]
