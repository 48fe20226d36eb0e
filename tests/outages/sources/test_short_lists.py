"""Lists of clients or services that come short: what only seems to be nobody's keeps its customer."""

import pytest

from customers.models import Customer, Equipment
from outages.sources import actions
from tests.outages.sources import upstream as up

NUMBERS = range(1, 11)


@pytest.fixture
def full(synced):
    """Ten customers with a radio, whose places only their services tell; an eleventh with a service alone."""
    places = [up.site(f"h{n}", kind="endpoint") for n in NUMBERS]
    lists = {
        "devices": [up.device(f"d{n}", at=f"h{n}") for n in NUMBERS],
        "sites": places,
        "clients": [up.client(n, last=f"Field {n}") for n in (*NUMBERS, 11)],
        "services": [*(up.service(100 + n, n, at=f"h{n}") for n in NUMBERS), up.service(111, 11)],
    }
    synced(**lists)
    return lists


def owners():
    rows = Equipment.objects.current().order_by("name").values_list("name", "customer__family_name")
    return dict(rows)


def same(before):
    return owners() == before and Customer.objects.count() == 11


def test_clients_of_whom_most_are_missing_keep_their_equipment_and_their_services(full, synced):
    before = owners()
    assert len(before) == 11
    report = synced(clients=full["clients"][:2])
    assert same(before)
    assert any("Customers: 9 of 11" in doubt for doubt in report["doubts"])
    assert report["archived"] == {}
    synced(clients=full["clients"])
    assert same(before)


@pytest.mark.parametrize("services", [[], 404, "two"])
def test_places_that_services_told_of_get_no_other_owners_when_services_are_missing(services, full, synced):
    before = owners()
    for _ in range(2):
        report = synced(services=full["services"][:2] if services == "two" else services)
        assert same(before)
        assert [doubt.split(":")[0] for doubt in report["doubts"]] == ["Services"]
        assert report["doubted"] == ["service"]
    assert synced(services=full["services"])["doubts"] == []
    assert same(before)


def test_what_staff_say_is_really_gone_goes(full, source, synced):
    actions.synchronise(source, believe=True)
    source.refresh_from_db()
    synced(clients=full["clients"][:2])
    assert [name for name, owner in owners().items() if owner] == ["device d1", "device d2"]


def test_a_client_who_leaves_alone_leaves_the_device_behind(full, synced):
    synced(clients=full["clients"][1:])
    assert owners()["device d1"] is None
    assert owners()["device d2"] == "Field 2"
