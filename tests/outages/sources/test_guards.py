"""What vanished upstream is put away and comes back; what cannot be believed makes nothing vanish."""

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer, Equipment, Site
from outages.models import Check, SourceLink
from outages.sources import jobs
from tests import make
from tests.outages.sources import upstream as up
from tests.outages.sources.upstream import world


def names(model=Equipment):
    return sorted(str(row) for row in model.objects.current())


def test_what_vanished_is_archived_and_comes_back_as_it_was(synced, source):
    lists = world()
    synced(**lists)
    fewer = lists | {"clients": lists["clients"][:2], "services": lists["services"]}
    report = synced(**fewer)
    assert report["archived"] == {"equipment": 1, "customer": 1} and not report["doubts"]
    assert Customer.objects.archived().get().account == "A-3" and source.links.exclude(gone_at=None).count() == 2
    assert synced(**fewer)["archived"] == {}
    report = synced(**lists)
    assert report["rows"]["customer"]["restored"] == 1 and report["rows"]["equipment"]["restored"] == 1
    assert not Customer.objects.archived().exists() and Equipment.objects.count() == 4
    assert not source.links.exclude(gone_at=None).exists()


def test_what_staff_put_away_stays_away(synced):
    synced(devices=[up.device("d"), up.device("e")])
    Equipment.objects.quietly().filter(name="device d").update(archived_at=timezone.now())
    synced(devices=[up.device("d"), up.device("e")])
    assert names() == ["device e"]
    synced(devices=[up.device("e")])
    synced(devices=[up.device("d"), up.device("e")])
    assert names() == ["device e"]


def test_what_staff_deleted_is_not_made_again(synced):
    synced(devices=[up.device("d"), up.device("e")])
    Equipment.objects.get(name="device d").delete()
    assert synced(devices=[up.device("d"), up.device("e")])["rows"]["equipment"]["deleted"] == 1
    assert names() == ["device e"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "the list came empty"),
        ([0, 1], "4 of 6 are missing"),
        ([0, 1, 2, 3, None], "rows came without an id"),
    ],
)
def test_a_list_that_cannot_be_whole_makes_nothing_vanish(rows, why, synced):
    devices = [up.device(f"d{number}") for number in range(6)]
    synced(devices=devices)
    report = synced(devices=[up.device(None) if number is None else devices[number] for number in rows])
    assert len(report["doubts"]) == 1 and why in report["doubts"][0] and report["doubts"][0].startswith("Devices")
    assert len(names()) == 6


def test_half_may_vanish_and_a_list_that_was_not_read_says_nothing(synced, source, upstream):
    devices = [up.device(f"d{number}") for number in range(6)]
    synced(devices=devices, clients=[up.client(1), up.client(2)])
    source.crm_key = ""
    source.save()
    synced(devices=devices[:3])
    assert len(names(Customer)) == 2 and len([name for name in names() if "device" in name]) == 3


def test_a_row_that_cannot_be_read_is_unknown_not_vanished(synced):
    services = [up.service(number, 1, name=f"Line {number}") for number in (1, 2, 3)]
    synced(clients=[up.client(1)], services=services)
    assert len(names()) == 3
    report = synced(clients=[up.client(1)], services=[*services[:2], services[2] | {"clientId": "not a number"}])
    assert len(names()) == 3 and report["dropped_count"] == 1


def test_services_do_not_lose_their_devices_to_an_empty_list(synced):
    lists = world()
    synced(**lists)
    report = synced(**lists | {"devices": []})
    assert "Devices" in report["doubts"][0] and len(names()) == 4


def test_a_connection_gives_way_to_the_device_that_came(synced):
    lists = world()
    synced(**lists)
    synced(
        **lists
        | {
            "devices": [*lists["devices"], up.device("new", at="g")],
            "sites": [*lists["sites"], up.site("g", kind="endpoint", client=2)],
        }
    )
    assert names() == ["Connection of Dean Irvine", "device ap", "device cpe", "device new"]
    assert Equipment.objects.get(name="device new").customer.account == "A-2"


def test_a_connection_becomes_the_service_that_came(synced):
    synced(clients=[up.client(1)], services=[])
    before = Equipment.objects.get()
    synced(clients=[up.client(1)], services=[up.service(10, 1)])
    assert Equipment.objects.get() == before and SourceLink.objects.filter(kind="connection").count() == 0
    assert Check.objects.count() == 1


def test_a_place_that_is_bound_to_a_client_stays_the_same_customer(synced, source):
    synced(sites=[up.site("h", "The Irvines", kind="endpoint")])
    before = Customer.objects.get()
    synced(sites=[up.site("h", "The Irvines", kind="endpoint", client=1)], clients=[up.client(1)])
    assert Customer.objects.get() == before and list(source.links.values_list("kind", "remote_id")) != []
    assert source.links.get(kind="client").object_id == before.pk


def test_a_customer_or_site_that_vanished_stays_while_our_own_equipment_is_there(synced):
    lists = world()
    synced(**lists)
    make.equipment("ours", customer=Customer.objects.get(account="A-3"), site=Site.objects.get())
    report = synced(**lists | {"clients": lists["clients"][:2]})
    assert len(names(Customer)) == 3 and "equipment still belongs to it" in report["doubts"][0]


def test_what_is_missing_has_gone_once_somebody_says_so(synced, source, upstream, engineer):
    devices = [up.device(f"d{number}") for number in range(6)]
    synced(devices=devices)
    synced(devices=devices[:1])
    assert "What is missing has gone" in engineer.get(source.get_absolute_url()).content.decode()
    engineer.post(reverse("source_sync", args=[source.pk]), {"believe": "1"})
    jobs.sync_one(source.pk)
    assert names() == ["device d0"]
    source.refresh_from_db()
    assert not source.believe and not source.sync_report["doubts"]


def test_an_empty_list_is_not_believed_even_so(synced, source, engineer):
    synced(devices=[up.device("d")])
    synced(devices=[])
    engineer.post(reverse("source_sync", args=[source.pk]), {"believe": "1"})
    jobs.sync_one(source.pk)
    assert names() == ["device d"]


def test_what_hangs_on_something_that_staff_deleted_is_made_without_it(synced):
    lists = world()
    synced(**lists | {"devices": []})
    Site.objects.quietly().delete()
    synced(**lists)
    assert Equipment.objects.get(name="device ap").site is None and names(Site) == []


def test_an_id_that_is_too_long_is_left_out_and_said(synced):
    report = synced(devices=[up.device("d" * 500), up.device("e")])
    assert names() == ["device e"] and report["dropped_count"] == 1
