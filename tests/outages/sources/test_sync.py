"""Synchronising: what is made, recognised, kept, put away and brought back, and when nothing of that is believed."""

import pytest
from django.db import transaction
from django.utils import timezone

from customers.models import Contact, Customer, Equipment, Site
from notifications.models import Notice
from outages.models import Check, SourceLink
from outages.sources import asking, picture, planning, progress, sync, writing
from outages.sources.known import EQUIPMENT, load
from tests import make
from tests.outages.sources import upstream as up
from tests.outages.sources.conftest import made
from tests.outages.sources.upstream import MAC, world


def names(model=Equipment):
    return sorted(str(row) for row in model.objects.current())


def test_all_of_it_is_there_and_each_that_can_be_judged_has_one_check(synced, source):
    synced(**world())
    ap, cpe = Equipment.objects.get(name="device ap"), Equipment.objects.get(name="device cpe")
    tower, dean = Site.objects.get(), Customer.objects.get(account="A-1")
    assert (tower.name, tower.street, tower.latitude, tower.kind) == ("Ridge", "1 Ridge Rd", 60.5, "tower")
    assert (dean.name, dean.email, dean.town) == ("Dean Irvine", "rosa@example.net", "Overby")
    assert (cpe.uplink, cpe.customer, cpe.site, cpe.address, cpe.mac) == (ap, dean, None, "100.64.0.9", MAC)
    assert (ap.site, ap.customer, ap.kind) == (tower, None, "ap")
    bare = Equipment.objects.get(name="Connection of Dean Irvine", customer__account="A-2")
    assert (bare.kind, bare.address) == ("cpe", None)
    kinds = sorted(source.links.values_list("kind", flat=True))
    assert kinds == ["client"] * 3 + ["connection"] + ["device"] * 2 + ["service", "site"]
    rules = Check.objects.values_list("probe", "interval", "count", "window").order_by().distinct()
    assert Check.objects.count() == 4 and list(rules) == [("uisp", 30, 3, 90)]


def test_search_and_lists_find_what_came(synced):
    synced(**world())
    assert Equipment.objects.search("020000000001").get().name == "device cpe"
    assert Customer.objects.search("irvine").count() == 3 and Customer.objects.search("907 555 0100").count() == 1
    assert Equipment.objects.get(name="device cpe").address_order


def test_again_changes_nothing_and_writes_nothing(synced, source, django_assert_max_num_queries):
    synced(**world())
    before = [list(model.objects.order_by("pk").values()) for model in (Site, Customer, Equipment, SourceLink, Check)]
    with django_assert_max_num_queries(60) as asked:
        report = synced(**world())
    wrote = [query["sql"] for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert not [sql for sql in wrote if not any(name in sql for name in ('outages_source"', "sourcerun", "topic"))]
    after = [list(model.objects.order_by("pk").values()) for model in (Site, Customer, Equipment, SourceLink, Check)]
    assert before == after and not report["archived"] and report["rows"]["equipment"]["linked"] == 4


def test_an_import_is_quiet(synced):
    make.user("engineer")
    synced(**world())
    assert not Notice.objects.exists()


def test_what_staff_corrected_stays_and_the_rest_follows(synced):
    synced(devices=[up.device("d", name="old", vendor="Ubiquiti", ipAddress="10.0.0.1")])
    Equipment.objects.quietly().update(name="ours")
    synced(devices=[up.device("d", name="new", vendor="Mimosa", ipAddress="10.0.0.2")])
    found = Equipment.objects.get()
    assert (found.name, found.vendor, found.address) == ("ours", "Mimosa", "10.0.0.2")
    assert Equipment.objects.search("10.0.0.2").exists()


def test_a_correction_outlives_any_number_of_changes_upstream(synced, source):
    synced(devices=[up.device("d", name="first")])
    Equipment.objects.quietly().update(name="ours")
    for name in ("second", "third", "first"):
        synced(devices=[up.device("d", name=name)])
        assert Equipment.objects.get().name == "ours"
        assert source.links.get().last["name"] == name


def test_once_upstream_says_the_same_it_is_followed_again(synced):
    synced(devices=[up.device("d", name="wrong")])
    Equipment.objects.quietly().update(name="right")
    synced(devices=[up.device("d", name="right")])
    synced(devices=[up.device("d", name="righter")])
    assert Equipment.objects.get().name == "righter"


def test_a_correction_that_was_taken_back_is_followed_again(synced):
    synced(devices=[up.device("d", name="a")])
    Equipment.objects.quietly().update(name="ours")
    synced(devices=[up.device("d", name="b")])
    Equipment.objects.quietly().update(name="b")
    synced(devices=[up.device("d", name="c")])
    assert Equipment.objects.get().name == "c"


def test_a_lost_device_sends_nulls_which_take_nothing_away(synced):
    lists = world()
    synced(**lists)
    before = Equipment.objects.filter(name="device cpe").values().get()
    lost = up.device("cpe", at="h", status="disconnected", vendor=None, model=None, ipAddress=None, attributes=None)
    synced(**lists | {"devices": [lists["devices"][0], lost]})
    assert Equipment.objects.filter(name="device cpe").values().get() == before


def test_an_uplink_moves_when_the_radio_says_so_not_when_it_is_guessed(synced):
    sites = [up.site("t", "Ridge"), up.site("h", kind="endpoint", parent="t")]
    aps = [up.device(id, at="t", role=role) for id, role in (("r", "router"), ("a", "ap"), ("b", "ap"))]

    def uplink(attributes, status="active"):
        synced(devices=[*aps, up.device("cpe", at="h", status=status, attributes=attributes)], sites=sites)
        return Equipment.objects.get(name="device cpe").uplink.name

    assert uplink(None) == "device r"
    assert uplink(up.at_ap("a")) == "device a"
    assert uplink(None) == "device a"
    assert uplink(up.at_ap("b"), "disconnected") == "device a"
    assert uplink(up.at_ap("b")) == "device b"
    Equipment.objects.quietly().filter(name="device cpe").update(uplink=Equipment.objects.get(name="device r"))
    assert uplink(up.at_ap("a")) == "device r"


def test_with_what_staff_have_set_no_ring_is_made(synced):
    synced(devices=[up.device("a", role="router"), up.device("b", role="router")])
    a, b = Equipment.objects.order_by("name")
    Equipment.objects.quietly().filter(pk=a.pk).update(uplink=b)
    synced(devices=[up.device("a", role="router"), up.device("b", role="router", uplinkDevice=up.via("a"))])
    b.refresh_from_db()
    assert b.uplink is None


def test_what_is_there_already_is_recognised_and_only_its_gaps_are_filled(synced, source):
    tower = make.site("RIDGE", street="Ours")
    dean = make.customer("Dino Irvine", account="a-1")
    ada = make.customer("Ada Lovell", email="ADA@example.net")
    radio = make.equipment("roof radio", mac=MAC, vendor="")
    other = make.equipment("router", address="10.0.0.5")
    ada_upstream = up.client(2, "Ada", "Lovell", userIdent=None, contacts=[up.contact(email="ada@example.net")])
    synced(
        sites=[up.site("t", "Ridge", address="Theirs")],
        clients=[up.client(1, city="Overby"), ada_upstream],
        devices=[up.device("d", mac=MAC), up.device("e", ipAddress="10.0.0.5/8", at="t")],
    )
    for row in (tower, dean, ada, radio, other):
        row.refresh_from_db()
    assert (tower.name, tower.street, Site.objects.count()) == ("RIDGE", "Ours", 1)
    assert (dean.name, dean.town, ada.name, Customer.objects.count()) == ("Dino Irvine", "Overby", "Ada Lovell", 2)
    assert (radio.name, radio.vendor, other.site) == ("roof radio", "Ubiquiti", tower)
    assert set(source.links.filter(kind="device").values_list("object_id", flat=True)) == {radio.pk, other.pk}
    assert Check.objects.filter(equipment=radio, probe="uisp").count() == 1


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"mac": "02:00:00:00:00:99", "address": "10.0.0.1"}, {"mac": MAC, "ipAddress": "10.0.0.1"}),
        ({"mac": MAC, "archived_at": timezone.now()}, {"mac": MAC}),
    ],
)
def test_another_mac_or_what_is_put_away_is_not_the_same_device(ours, theirs, synced):
    make.equipment("ours", **ours)
    synced(devices=[up.device("d", **theirs)])
    assert Equipment.objects.count() == 2


def test_an_address_that_several_have_upstream_recognises_nobody(synced, source):
    make.equipment("somebody's router", address="192.168.1.1")
    synced(devices=[up.device(f"d{number}", ipAddress="192.168.1.1/24") for number in range(3)])
    assert Equipment.objects.count() == 4 and not source.links.filter(object_id=None).exists()


def test_customers_who_only_look_alike_stay_apart(synced):
    make.customer("Dean Irvine", account="B-9", email="rosa@example.net")
    make.customer("Dean Irvine")
    synced(clients=[up.client(1, contacts=[up.contact()])])
    assert Customer.objects.count() == 3


def test_names_are_never_emptied_by_a_mixture_of_ours_and_theirs(synced):
    synced(clients=[up.client(1, clientType=2, companyName="Irvine Ltd", firstName=None, lastName=None)])
    Customer.objects.quietly().update(given_name="Dean")
    synced(clients=[up.client(1, clientType=1, firstName=None, lastName="Irvine", companyName=None)])
    assert Customer.objects.get().name == "Dean Irvine"
    Customer.objects.quietly().update(given_name="", family_name="", company_name="Ours")
    synced(clients=[up.client(1, clientType=2, companyName="Ours", firstName=None, lastName=None)])
    synced(clients=[up.client(1, clientType=1, firstName="Dean", lastName="Irvine")])
    assert Customer.objects.get().name


def test_contacts_follow_unless_they_were_changed_here(synced):
    def contacts(*people):
        synced(clients=[up.client(1, clientType=2, companyName="Ltd", contacts=list(people))])
        return sorted(Contact.objects.values_list("name", flat=True))

    rosa, bill = up.contact(), up.contact("Bill", "bill@example.net", "")
    assert contacts(rosa, bill) == ["Bill", "Rosa Field"]
    assert contacts(bill, up.contact("Gena", "gena@example.net", "")) == ["Bill", "Gena"]
    Contact.objects.quietly().filter(name="Bill").update(phone="+1 907 555 0123")
    assert contacts() == ["Bill"]


def test_a_suspended_client_is_suspended_and_back_again(synced):
    for suspended in (True, False):
        synced(clients=[up.client(1, hasSuspendedService=suspended)])
        assert Customer.objects.get().suspended is suspended


def test_towers_of_the_same_name_are_told_apart_and_stay_so(synced):
    for _ in range(2):
        synced(sites=[up.site("t", "Twin"), up.site("u", "twin")])
        assert names(Site) == ["Twin", "twin (2)"]


def test_a_tower_whose_new_name_is_taken_gets_another(synced):
    make.site("Taken")
    synced(sites=[up.site("t", "Free")])
    synced(sites=[up.site("t", "taken")])
    assert names(Site) == ["Taken", "taken (2)"]


def test_long_texts_are_cut_and_odd_letters_kept(synced):
    long = "Ångström \u0000" + "x" * 400
    synced(devices=[up.device("d", name=long, vendor=long, model=long)], clients=[up.client(1, long, long, city=long)])
    assert len(Equipment.objects.get(name__startswith="Ång").name) == 120
    assert Customer.objects.get().given_name.startswith("Ångström")


@pytest.mark.parametrize("failing", ["devices", "sites", "clients", "services"])
def test_a_list_that_fails_fails_the_whole_and_writes_nothing(failing, source, upstream):
    upstream.set(**world())
    upstream.set(**{failing: 502})
    assert not sync.sync(source)
    assert (
        "502 Bad Gateway" in source.runs.get().said and not Equipment.objects.exists() and not Customer.objects.exists()
    )
    source.refresh_from_db()
    assert source.synced_at is None and "502" in source.sync_report["failed"]


def test_without_links_and_where_there_are_no_services_the_rest_is_taken(synced):
    lists = world() | {"links": 403, "services": 404}
    report = synced(**lists)
    assert any("403" in line for line in report["conflicts"]) and len(names()) == 4


def test_clients_alone_are_enough(db, upstream):
    upstream.lists = {f"{up.CRM}/clients": [up.client(1), up.client(2)]}
    source = made(upstream, nms_key="")
    assert sync.sync(source)
    assert source.links.filter(kind="connection").count() == 2 and Check.objects.count() == 2


def test_only_one_works_at_it_and_who_was_silent_for_too_long_stops(source, upstream):
    upstream.set(**world())
    held = progress.claim(source, "sync")
    assert not sync.sync(source) and not Equipment.objects.exists()
    source.runs.update(moved_at=timezone.now() - 2 * progress.STALLED_AFTER)
    assert sync.sync(source) and Equipment.objects.exists()
    with pytest.raises(progress.Overtaken):
        progress.tell(held, "late", 1, 2)


def test_ended_half_way_it_goes_on_where_it_was(source, upstream):
    upstream.set(
        devices=[up.device(f"d{number:03}") for number in range(60)], clients=[up.client(n) for n in range(60)]
    )
    # What a process that is killed leaves behind: its claim, and the batches that it had written.
    progress.claim(source, "sync")
    drawn = picture.draw(asking.ask(source, lambda *how_far: None))
    items = planning.match(drawn.equipment, load(source, EQUIPMENT), lambda reference: None)
    with transaction.atomic():
        writing.Writer(source, EQUIPMENT, set()).write(items[:25])
    assert Equipment.objects.count() == Check.objects.count() == source.links.count() == 25
    assert not sync.sync(source)
    source.runs.update(moved_at=timezone.now() - 2 * progress.STALLED_AFTER)
    assert sync.sync(source)
    assert Equipment.objects.count() == Check.objects.count() == 120 and Customer.objects.count() == 60
    assert not Equipment.objects.filter(name__startswith="Connection", customer=None).exists()


@pytest.mark.processes
def test_four_thousand_devices_take_seconds_and_no_transaction_is_long(source, upstream):
    sites = [up.site(f"h{number}", kind="endpoint", client=number) for number in range(1, 4001)]
    devices = [up.device(f"d{number}", at=f"h{number}", mac=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",
                         ipAddress=f"10.{number >> 8}.{number & 255}.1/24", attributes=up.at_ap("ap"))
               for number in range(1, 4001)]  # fmt: skip
    upstream.set(
        devices=[*devices, up.device("ap", role="ap")], sites=sites, clients=[up.client(n) for n in range(1, 4001)]
    )
    began = timezone.now()
    assert sync.sync(source)
    assert (timezone.now() - began).total_seconds() < 40
    assert Equipment.objects.count() == 4001 and Customer.objects.count() == 4000 and Check.objects.count() == 4001
    assert Equipment.objects.filter(uplink=None).count() == 1
    assert sync.sync(source) and source.runs.get().state == "done"
