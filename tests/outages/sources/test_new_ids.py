"""What comes under another id than before: the same by its MAC, number or name; all at once, it is not believed."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer, Equipment, Site
from outages.models import Check
from outages.sources import asking, jobs, picture, planning, writing
from outages.sources.known import EQUIPMENT, load
from tests import make
from tests.outages.sources import upstream as up
from tests.outages.sources.upstream import MAC, world


def renamed(rows, old, new):
    """The rows with another id wherever the old one was."""
    if isinstance(rows, list):
        return [renamed(row, old, new) for row in rows]
    if isinstance(rows, dict):
        return {key: renamed(value, old, new) for key, value in rows.items()}
    return new if rows == old else rows


def devices(prefix, count=6, **fields):
    return [up.device(f"{prefix}{number}", name=f"d{number}", **fields) for number in range(count)]


def current():
    return Equipment.objects.current().count()


def test_a_device_with_another_id_and_its_mac_is_the_same(synced, source):
    lists = world()
    synced(**lists)
    radio = Equipment.objects.get(mac=MAC)
    Equipment.objects.quietly().filter(pk=radio.pk).update(name="ours", notes="on the chimney")
    checks = list(Check.objects.values_list("pk", flat=True))
    moved = renamed(lists["devices"], "cpe", "cpe2")
    report = synced(**lists | {"devices": moved})
    assert Equipment.objects.count() == 4 and not report["archived"]
    assert source.links.get(object_id=radio.pk, kind="device").remote_id == "cpe2"
    assert list(Check.objects.values_list("pk", flat=True)) == checks
    moved[1]["identification"] |= {"vendor": "Mimosa", "name": "theirs"}
    synced(**lists | {"devices": moved})
    radio.refresh_from_db()
    assert (radio.name, radio.notes, radio.vendor, radio.uplink.name) == (
        "ours",
        "on the chimney",
        "Mimosa",
        "device ap",
    )


def test_what_hangs_on_an_ap_stays_there_when_the_ap_has_another_id(synced):
    lists = world()
    lists["devices"][0]["identification"]["mac"] = "02:00:00:00:00:0a"
    synced(**lists)
    ap = Equipment.objects.get(name="device ap")
    synced(**lists | {"devices": renamed(lists["devices"], "ap", "ap2")})
    assert Equipment.objects.get(mac=MAC).uplink == ap and Equipment.objects.count() == 4


def test_a_device_that_was_away_in_between_comes_back_as_it_was(synced):
    others = devices("d")
    synced(devices=[*others, up.device("x", mac=MAC)])
    radio = Equipment.objects.get(mac=MAC)
    synced(devices=others)
    assert Equipment.objects.archived().get() == radio
    synced(devices=[*others, up.device("y", mac=MAC)])
    assert Equipment.objects.get(mac=MAC) == radio and not Equipment.objects.archived().exists()


def test_a_device_that_staff_put_away_stays_away_under_another_id(synced):
    synced(devices=[*devices("d"), up.device("x", mac=MAC)])
    Equipment.objects.quietly().filter(mac=MAC).update(archived_at=timezone.now())
    synced(devices=[*devices("d"), up.device("y", mac=MAC)])
    assert Equipment.objects.filter(mac=MAC).count() == 1 and current() == 6


def test_two_that_came_with_one_mac_are_not_guessed_and_one_that_is_listed_keeps_its_own(synced, source):
    synced(devices=[*devices("d"), up.device("x", mac=MAC)])
    synced(devices=[*devices("d"), up.device("y", mac=MAC), up.device("z", mac=MAC)])
    assert Equipment.objects.current().filter(mac=MAC).count() == 2
    assert set(source.links.filter(gone_at=None).values_list("remote_id", flat=True)) >= {"y", "z"}
    synced(devices=[*devices("d"), up.device("y", mac=MAC), up.device("z", mac=MAC), up.device("w", mac=MAC)])
    assert Equipment.objects.current().filter(mac=MAC).count() == 3


def test_the_address_of_a_device_that_is_missing_may_be_anothers_by_now(synced):
    synced(devices=[*devices("d"), up.device("x", ipAddress="10.0.0.1")])
    synced(devices=[*devices("d"), up.device("y", name="another", ipAddress="10.0.0.1")])
    assert Equipment.objects.archived().get().name == "device x"


def test_a_client_with_another_id_and_its_number_is_the_same(synced):
    lists = world()
    synced(**lists)
    dean = Customer.objects.get(account="A-1")
    clients = [lists["clients"][0] | {"id": 81}, *lists["clients"][1:]]
    services = [up.service(10, 81, at="h"), *lists["services"][1:]]
    sites = [lists["sites"][0], up.site("h", "Home", kind="endpoint", parent="t", client=81)]
    report = synced(**lists | {"clients": clients, "services": services, "sites": sites})
    assert Customer.objects.count() == 3 and not report["archived"] and not report["doubts"]
    assert Customer.objects.get(account="A-1") == dean and Equipment.objects.get(mac=MAC).customer == dean


def test_the_number_of_a_client_who_had_left_may_be_anothers_by_now(synced):
    synced(clients=[up.client(1), up.client(2), up.client(3)])
    synced(clients=[up.client(1), up.client(2)])
    synced(clients=[up.client(1), up.client(2), up.client(4, "Ada", "Lovell", userIdent="A-3")])
    assert sorted(str(one) for one in Customer.objects.filter(account="A-3")) == ["Ada Lovell", "Dean Irvine"]


def test_a_tower_with_another_id_and_its_name_is_the_same(synced):
    lists = world()
    synced(**lists)
    tower = Site.objects.get()
    synced(**renamed(lists, "t", "t2"))
    assert Site.objects.get() == tower and tower.name == "Ridge"
    assert Equipment.objects.get(name="device ap").site == tower


def test_when_all_ids_are_others_at_once_nothing_is_archived_until_somebody_says_so(synced, source, engineer):
    synced(devices=devices("old"))
    for _ in range(3):
        report = synced(devices=devices("new"))
        assert report["archived"] == {} and report["doubts"][0].startswith("Devices: 6 of 6 are missing")
        assert current() == 12
    engineer.post(reverse("source_sync", args=[source.pk]), {"believe": "1"})
    jobs.sync_one(source.pk)
    assert current() == 6
    assert not synced(devices=devices("new"))["doubts"]
    assert synced(devices=devices("new")[:4])["archived"] == {"equipment": 2}


def test_a_run_that_ended_half_way_does_not_hide_that_all_ids_are_others(synced, source, upstream):
    synced(devices=devices("old"))
    upstream.set(devices=devices("new"))
    # What a process that is killed leaves behind: all its rows, and no report.
    drawn = picture.draw(asking.ask(source, lambda *how_far: None))
    items = planning.match(drawn.equipment, load(source, EQUIPMENT), lambda reference: None)
    with transaction.atomic():
        writing.Writer(source, EQUIPMENT, set()).write(items)
    assert current() == 12
    report = synced(devices=devices("new"))
    assert report["doubts"] and current() == 12


def test_when_all_ids_are_others_at_once_what_proves_to_be_the_same_is(synced, source):
    macs = [f"02:00:00:00:01:{number:02}" for number in range(6)]
    synced(devices=[up.device(f"a{number}", mac=mac) for number, mac in enumerate(macs)])
    before = list(Equipment.objects.values_list("pk", "mac"))
    for _ in range(2):
        report = synced(devices=[up.device(f"b{number}", mac=mac) for number, mac in enumerate(macs)])
        assert not report["doubts"] and list(Equipment.objects.values_list("pk", "mac")) == before
    assert source.links.count() == 6


def test_the_row_of_staff_with_the_mac_of_one_that_moved_is_left_alone(synced):
    synced(devices=[*devices("d"), up.device("x", mac=MAC)])
    make.equipment("double", mac=MAC)
    synced(devices=[*devices("d"), up.device("y", mac=MAC)])
    assert sorted(Equipment.objects.current().filter(mac=MAC).values_list("name", flat=True)) == ["device y", "double"]
