"""What the invented network consists of, and who hangs on whom."""

from ipaddress import ip_address

import pytest

from agents.simulated.network import build
from tests.agents.simulated.answers import TOWER, names


def test_every_uplink_exists_and_every_path_ends_at_the_one_core():
    network = build()
    assert [device.name for device in network.devices if device.uplink is None] == ["core-depot"]
    for device in network.devices[1:]:
        assert network.above(device.name)[-1].name == "core-depot"
    assert names(network.below("core-depot")) == names(network.devices) - {"core-depot"}


def test_the_network_has_a_core_towers_routers_sectors_and_a_cpe_for_each_customer():
    network = build()
    kinds = [device.kind for device in network.devices]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "core": 1, "switch": 1, "backhaul": 8, "router": 4, "ap": 12, "cpe": 120,
    }  # fmt: skip
    assert [site.name for site in network.sites if site.kind == "pop"] == ["Depot"]
    assert len([site for site in network.sites if site.kind == "tower"]) == 4
    assert {device.vendor for device in network.devices} == {"Juniper", "MikroTik", "Ubiquiti", "Mimosa", "Cambium"}
    for customer in network.customers:
        assert network.cpe(customer.number).customer == customer.number
        assert network.device(network.cpe(customer.number).uplink).kind == "ap"


def test_one_tower_hangs_behind_another_and_each_has_two_to_four_sectors():
    network = build()
    assert "router-saddle-ridge" in names(network.above("router-far-bench"))
    for router in (device for device in network.devices if device.kind == "router"):
        sectors = [device for device in network.devices if device.kind == "ap" and device.uplink == router.name]
        assert 2 <= len(sectors) <= 4
        assert all(network.customers_below(sector.name) for sector in sectors)


@pytest.mark.parametrize("customers", [1, 2, 120, 5000, 50_000])
def test_names_addresses_macs_sites_and_emails_are_unique_at_every_size(customers):
    network = build(customers, port=7002)
    assert len(network.customers) == customers
    for values in (
        [device.name for device in network.devices],
        [device.address for device in network.devices],
        [device.mac for device in network.devices],
        [site.name for site in network.sites],
        [customer.number for customer in network.customers],
        [customer.email for customer in network.customers],
        [customer.phone for customer in network.customers],
    ):
        assert len(set(values)) == len(values)
    assert {device.port for device in network.devices} == {7002}
    assert {device.site for device in network.devices} == {site.name for site in network.sites}
    assert {device.mac[:2] for device in network.devices} == {"02"}


def test_addresses_are_on_loopback_and_keep_away_from_the_ones_others_use():
    for device in build(5000).devices:
        assert ip_address(device.address).is_loopback
        assert not device.address.startswith(("127.0.", "127.255."))
        assert not device.address.endswith((".0", ".255"))


def test_customers_are_people_and_companies_with_fictional_numbers_and_addresses():
    customers = build().customers
    companies = [customer for customer in customers if customer.company]
    assert 10 <= len(companies) <= 50
    assert all(customer.given_name and customer.family_name and customer.street for customer in customers)
    assert all(" 555 01" in customer.phone for customer in customers)
    assert all(customer.email.endswith((".example", "@example.net")) for customer in customers)
    assert all(customer.email.isascii() and ".." not in customer.email for customer in customers)
    assert all("business" in customer.tags for customer in companies)
    assert {"sla", "vip", "suspended"} <= {tag for customer in customers for tag in customer.tags}
    assert any(not customer.name.isascii() for customer in customers)
    assert max(len(customer.name) for customer in customers) > 60
    assert sum(customer.never_online for customer in customers) == 2


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    assert build(200, seed=3) == build(200, seed=3)
    assert build(200, seed=3).customers != build(200, seed=4).customers


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"customers": 0}, "customers"), ({"customers": 50_001}, "customers"), ({"port": 80}, "port")],
)
def test_a_network_that_cannot_be_is_refused_by_the_name_of_its_argument(arguments, named):
    with pytest.raises(ValueError, match=f"^{named} must be"):
        build(**arguments)


def test_what_is_cut_off_is_blamed_on_the_failure_nearest_to_the_core():
    network = build()
    assert network.unreachable([]) == {}
    cut_off = network.unreachable(["ap-saddle-ridge-1", TOWER, "ap-kestrel-hill-1"])
    assert cut_off.keys() == names(network.below(TOWER) + network.below("ap-kestrel-hill-1")) - {"ap-saddle-ridge-1"}
    assert {cut_off[device.name] for device in network.below("ap-saddle-ridge-1")} == {TOWER}
    assert {cut_off[device.name] for device in network.below("ap-kestrel-hill-1")} == {"ap-kestrel-hill-1"}


def test_an_unknown_device_or_customer_is_named():
    with pytest.raises(LookupError, match="'nothing'"):
        build().below("nothing")
    with pytest.raises(LookupError, match="'99'"):
        build().cpe("99")
