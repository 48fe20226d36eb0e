"""Devices that are lost and send nothing but their id, and homes that are not listed: nothing is concluded from it."""

import pytest

from customers.models import Customer, Equipment
from outages.models import SourceLink
from tests.outages.sources import upstream as up
from tests.outages.sources.test_drawing import by_id, drawn, one
from tests.outages.sources.upstream import world

COLUMNS = ("name", "kind", "vendor", "model", "mac", "address", "site", "customer", "uplink", "archived_at")
NOTHING = ("mac", "name", "displayName", "hostname", "site", "role", "type", "vendor", "model")


def lost(device):
    """What UISP sends of it when it says nothing but that it is disconnected."""
    identification = device["identification"] | dict.fromkeys(NOTHING) | {"status": "disconnected", "authorized": True}
    return dict.fromkeys(device) | {"identification": identification}


def placed(device, sort):
    """A device that says itself what kind of place it stands at."""
    device["identification"]["site"]["type"] = sort
    return device


def rows():
    return list(Equipment.objects.order_by("pk").values_list(*COLUMNS)), Customer.objects.count()


@pytest.mark.parametrize("services", ["as they are", "none"])
def test_who_says_nothing_loses_nothing_and_no_connection_is_invented_for_its_customer(services, synced):
    lists = world() if services == "as they are" else world() | {"services": []}
    synced(**lists)
    before, labels = rows(), list(SourceLink.objects.values_list("pk", "label"))
    report = synced(**lists | {"devices": [lost(device) for device in lists["devices"]]})
    assert rows() == before
    assert list(SourceLink.objects.values_list("pk", "label")) == labels
    assert report["archived"] == {} and report["rows"]["equipment"].get("new", 0) == 0
    synced(**lists)
    assert rows() == before


def test_the_second_service_of_a_customer_keeps_its_connection_while_the_device_of_the_first_is_lost(synced):
    lists = world()
    lists["services"] += [up.service(11, 1, name="Barn")]
    synced(**lists)
    assert Equipment.objects.filter(name="Connection of Dean Irvine (Barn)").exists()
    before = rows()
    synced(**lists | {"devices": [lists["devices"][0], lost(lists["devices"][1])]})
    assert rows() == before


def test_the_connection_that_gave_way_to_a_device_does_not_come_back_while_that_is_lost(synced):
    lists = world()
    synced(**lists | {"devices": lists["devices"][:1]})
    synced(**lists)
    assert Equipment.objects.archived().get().customer.account == "A-1"
    before = rows()
    synced(**lists | {"devices": [lists["devices"][0], lost(lists["devices"][1])]})
    assert rows() == before


def test_a_device_that_is_lost_when_it_first_comes_gets_a_name_and_later_its_own(synced):
    lists = world()
    synced(**lists | {"devices": [lost(up.device("5eb0f490-1111"))]})
    assert Equipment.objects.filter(name="Device 5eb0f490", kind="other", customer=None).exists()
    synced(**lists | {"devices": [up.device("5eb0f490-1111", at="h", name="roof")]})
    found = Equipment.objects.get(name="roof")
    assert (found.kind, found.customer.account) == ("cpe", "A-1")


def test_a_device_that_is_there_and_stands_nowhere_is_nobodys(synced):
    lists = world()
    synced(**lists)
    synced(**lists | {"devices": [lists["devices"][0], up.device("cpe")]})
    assert Equipment.objects.get(name="device cpe").customer is None
    assert Equipment.objects.filter(name="Connection of Dean Irvine", customer__account="A-1").exists()


@pytest.mark.parametrize("sort", ["endpoint", None])
def test_a_home_that_is_not_listed_leaves_its_radio_what_it_is(sort, synced):
    lists = world() | {"services": []}
    lists["devices"][1] = placed(lists["devices"][1], sort)
    synced(**lists)
    before = rows()
    report = synced(**lists | {"sites": lists["sites"][:1]})
    assert rows() == before and not report["archived"]


@pytest.mark.parametrize(("sort", "kind"), [("endpoint", "cpe"), (None, None), ("site", "ptp")])
def test_of_a_place_that_is_not_listed_the_device_itself_says_what_it_is(sort, kind):
    radio = placed(up.device("far", at="unlisted", attributes=up.at_ap("ap")), sort)
    found = by_id(drawn(devices=[up.device("ap", at="t", role="ap"), radio], sites=[up.site("t")]))["far"]
    assert found.values.get("kind") == kind and found.when_new["kind"] == (kind or "cpe")


def test_a_router_at_a_home_that_is_not_listed_or_not_said_does_not_become_one_of_the_network():
    router = {"role": "router", "status": "disconnected"}
    assert "kind" not in one(drawn(devices=[up.device("d", at="unlisted", **router)], sites=[])).values
    assert "kind" not in one(drawn(devices=[up.device("d", **router)], sites=[])).values


def test_half_of_a_link_stays_that_while_the_other_half_or_itself_is_lost(synced):
    sites = [up.site("t"), up.site("u")]
    ap, far = up.device("ap", at="t", role="ap"), up.device("far", at="u", attributes=up.at_ap("ap"))
    kinds = Equipment.objects.order_by("name").values_list("kind", flat=True)
    for devices in ([ap, far], [lost(ap), far], [ap, up.device("far", at="u", status="disconnected")]):
        synced(devices=devices, sites=sites)
        assert list(kinds.all()) == ["ap", "ptp"]


def test_what_is_in_maintenance_is_not_said_to_be_down():
    devices = [up.device(id, status="disconnected", meta={"maintenance": id == "m"}) for id in ("d", "m")]
    assert drawn(devices=devices).down() == ["device d"]
