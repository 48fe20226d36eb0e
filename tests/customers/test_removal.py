"""Archiving and deleting: what history hangs on is put away, and comes back."""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from customers import removal
from customers.models import Contact, Customer, Equipment, Site
from outages.models import Check, Outage
from tests import make

BUILDERS = {"customer": make.customer, "site": make.site, "equipment": make.equipment}


def build(kind):
    return BUILDERS[kind]("The Thing", tags="tagged")


def exists(thing):
    return type(thing).objects.filter(pk=thing.pk).exists()


@pytest.mark.parametrize("kind", BUILDERS)
def test_what_nothing_hangs_on_is_deleted_after_one_question(administrator, kind):
    thing = build(kind)
    address = reverse(f"{kind}_delete", args=[thing.pk])
    asked = administrator.get(address).content.decode()
    assert "Delete The Thing?" in asked and "cannot be undone" in asked and exists(thing)
    assert administrator.post(address).url == reverse({"equipment": "equipments"}.get(kind, f"{kind}s"))
    assert not exists(thing)


@pytest.mark.parametrize(
    ("kind", "hang", "says"),
    [
        ("customer", lambda thing: make.contact(thing), "Contacts: 1"),
        ("customer", lambda thing: [make.equipment(customer=thing) for _ in range(2)], "Equipment: 2"),
        ("customer", lambda thing: make.site(customer=thing), "Sites: 1"),
        ("site", lambda thing: make.equipment(site=thing), "Equipment: 1"),
        ("equipment", lambda thing: make.equipment(uplink=thing), "Equipment: 1"),
        ("equipment", lambda thing: outage(thing), "Outages: 1"),
        ("customer", lambda thing: outage(make.equipment(), customer=thing), "Outages: 1"),
        ("site", lambda thing: outage(make.equipment(), site=thing), "Outages: 1"),
    ],
)
def test_what_history_hangs_on_is_not_deleted_and_the_page_says_why(administrator, kind, hang, says):
    thing = build(kind)
    hang(thing)
    address = reverse(f"{kind}_delete", args=[thing.pk])
    for answer, status in ((administrator.get(address), 200), (administrator.post(address), 409)):
        shown = answer.content.decode()
        assert answer.status_code == status and says in shown and "cannot be deleted" in shown
        assert f'href="{reverse(f"{kind}_archive", args=[thing.pk])}"' in shown
    assert exists(thing)


def outage(equipment, **fields):
    now = timezone.now()
    return Outage.objects.create(equipment=equipment, started_at=now, opened_at=now, opened_by={}, **fields)


def test_what_is_deleted_with_it_is_named(engineer):
    thing = build("equipment")
    Check.objects.create(equipment=thing)
    address = reverse("equipment_delete", args=[thing.pk])
    assert "Checks: 1" in engineer.get(address).content.decode()
    engineer.post(address)
    assert not exists(thing) and not Check.objects.exists()


def test_what_came_to_hang_on_it_in_between_keeps_it(db):
    thing = build("customer")
    make.contact(thing)
    with transaction.atomic(), pytest.raises(removal.Held):
        removal.delete(thing)
    assert exists(thing) and list(thing.tags.names()) == ["tagged"]


@pytest.mark.parametrize("kind", BUILDERS)
def test_archiving_asks_once_keeps_everything_and_can_be_undone(administrator, kind):
    thing = build(kind)
    address = reverse(f"{kind}_archive", args=[thing.pk])
    assert "Archive The Thing?" in administrator.get(address).content.decode()
    thing.refresh_from_db()
    assert thing.archived_at is None
    assert administrator.post(address).url == thing.get_absolute_url()
    thing.refresh_from_db()
    assert thing.archived_at is not None and list(thing.tags.names()) == ["tagged"]
    assert "Bring back" in administrator.get(thing.get_absolute_url()).content.decode()
    assert administrator.get(address).url == thing.get_absolute_url()
    administrator.post(address)
    thing.refresh_from_db()
    assert thing.archived_at is None


@pytest.mark.parametrize("same", [{"address": "10.0.0.5"}, {"mac": "48:a9:8a:01:02:03"}])
def test_equipment_whose_address_another_has_by_now_is_not_brought_back(engineer, same):
    old = make.equipment("Old", archived_at=timezone.now(), **same)
    make.equipment("New", **same)
    make.equipment("Neither")
    answer = engineer.post(reverse("equipment_archive", args=[old.pk]), follow=True)
    assert "New has its IP address or MAC by now" in answer.content.decode()
    old.refresh_from_db()
    assert old.archived_at is not None


def test_archiving_says_what_hangs_on_it(engineer):
    core = make.equipment("Core")
    make.equipment("Sector", uplink=core)
    shown = engineer.get(reverse("equipment_archive", args=[core.pk])).content.decode()
    assert "not archived with it" in shown and "Equipment: 1" in shown


@pytest.mark.parametrize(("too", "archived"), [("1", ["Radio", "Router"]), ("", [])])
def test_the_equipment_of_a_customer_is_archived_with_them_if_that_is_wanted(office, too, archived):
    customer = make.customer()
    radio = make.equipment("Radio", customer=customer)
    make.equipment("Router", customer=customer, uplink=radio)
    relay = make.equipment("Relay", customer=customer)
    make.equipment("The neighbour's", customer=make.customer("Rosa Field"), uplink=relay)
    office.post(reverse("customer_archive", args=[customer.pk]), {"equipment": too})
    assert sorted(Equipment.objects.archived().values_list("name", flat=True)) == archived
    assert Customer.objects.archived().get() == customer


def test_what_is_archived_is_no_choice_any_more_but_stays_where_it_was_chosen(engineer):
    gone = make.customer("Dean Irvine", archived_at=timezone.now())
    old, new = make.equipment("Old", customer=gone), make.equipment("New")
    form = {"kind": "cpe", "customer": f"Dean Irvine #{gone.pk}"}
    assert engineer.post(reverse("equipment_edit", args=[old.pk]), {"name": "Old", **form}).status_code == 302
    answer = engineer.post(reverse("equipment_edit", args=[new.pk]), {"name": "New", **form})
    assert list(answer.context["form"].errors) == ["customer"]


def test_everything_that_could_hang_on_it_is_counted(db):
    """A new kind of row that protects or follows one of these is counted without being named anywhere."""
    counted = {type(thing): removal.hanging_on(thing) for thing in (build(kind) for kind in BUILDERS)}
    assert counted == {Customer: [], Site: [], Equipment: []}
    make.contact(Customer.objects.get())
    assert [str(one) for one in removal.hanging_on(Customer.objects.get())] == ["Contacts: 1"]
    assert Contact.objects.count() == 1
