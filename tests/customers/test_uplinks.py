"""What hangs on what: the walks in memory and in the database say the same, and rings hold neither."""

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from customers.equipment.uplinks import above, below, chain, downlinks, reach, uplinks
from customers.models import Equipment
from tests import make

TREE = {1: None, 2: 1, 3: 2, 4: 2, 5: 4, 6: None}
RING = {1: 3, 2: 1, 3: 2, 4: 3}


def test_below_is_all_that_hangs_on_it():
    assert below(TREE, 1) == {2, 3, 4, 5}
    assert below(TREE, 4) == {5}
    assert below(TREE, 5) == below(TREE, 6) == below(TREE, 99) == set()


def test_above_is_the_way_up_the_nearest_first():
    assert above(TREE, 5) == [4, 2, 1]
    assert above(TREE, 1) == above(TREE, 99) == []


def test_an_uplink_that_is_not_there_ends_the_way():
    assert above({2: 1, 3: 2}, 3) == [2]
    assert below({2: 1, 3: 2}, 1) == {2, 3}


def test_a_ring_ends():
    assert below(RING, 1) == {2, 3, 4}
    assert above(RING, 4) == [3, 2, 1]
    assert above({1: 1}, 1) == [] and below({1: 1}, 1) == set()


def test_downlinks_are_the_pairs_the_other_way_round():
    assert downlinks(TREE) == {1: [2], 2: [3, 4], 4: [5]}


@pytest.mark.processes
@given(st.dictionaries(st.integers(1, 12), st.none() | st.integers(1, 12), min_size=1), st.data())
def test_one_is_above_exactly_those_that_are_below_it(pairs, data):
    root = data.draw(st.sampled_from(sorted(pairs)))
    assert below(pairs, root) == {pk for pk in pairs if pk != root and root in above(pairs, pk)}


@pytest.fixture
def network(db):
    """Core > backhaul > two sectors > CPEs, of which one is archived, and an archived sector with a CPE."""
    core = make.equipment("core")
    backhaul = make.equipment("backhaul", uplink=core)
    sectors = [make.equipment(f"sector {number}", uplink=backhaul) for number in range(2)]
    for number, sector in enumerate([*sectors, sectors[0], sectors[0]]):
        make.equipment(f"cpe {number}", uplink=sector, customer=make.customer(f"Person {number}"))
    gone = make.equipment("gone", uplink=backhaul, archived_at=timezone.now())
    make.equipment("cut off", uplink=gone, customer=make.customer("Cut Off"))
    return {equipment.name: equipment for equipment in Equipment.objects.all()}


def test_the_database_walks_as_memory_does(network):
    pairs = uplinks()
    assert network["gone"].pk not in pairs
    for equipment in network.values():
        found = Equipment.objects.filter(pk=equipment.pk).below().values_list("pk", flat=True)
        assert set(found) == below(pairs, equipment.pk)
        if equipment.name not in ("gone", "cut off"):
            assert [one.pk for one in chain(equipment.pk)] == above(pairs, equipment.pk)


def test_a_walk_costs_one_query_however_long_it_is(network, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert len(uplinks()) == 9
    with django_assert_num_queries(2):
        assert Equipment.objects.filter(name="core").below().count() == 7
    with django_assert_num_queries(1):
        assert [one.name for one in chain(network["cpe 1"].pk)] == ["sector 1", "backhaul", "core"]
    with django_assert_num_queries(1):
        found = reach(network["backhaul"].pk)
    assert (found.devices, found.customers) == (6, 4)
    assert found.by_branch == {network["sector 0"].pk: 3, network["sector 1"].pk: 1}


def test_customers_are_counted_once_however_many_devices_they_have(network):
    make.equipment(customer=network["cpe 0"].customer, uplink=network["sector 1"])
    assert Equipment.objects.filter(name="core").customers_served().count() == 4
    assert Equipment.objects.filter(name__in=["core", "cpe 0"]).customers_served().count() == 4
    assert reach(network["core"].pk).customers == 4
    assert reach(network["core"].pk).by_branch == {network["backhaul"].pk: 4}
    assert Equipment.objects.none().customers_served().count() == 0


def test_a_ring_in_the_data_holds_no_query(network):
    Equipment.objects.quietly().filter(name="core").update(uplink=network["cpe 0"])
    assert Equipment.objects.filter(name="core").below().count() == 7
    assert [one.name for one in chain(network["cpe 0"].pk)] == ["sector 0", "backhaul", "core"]
    assert (reach(network["core"].pk).devices, reach(network["core"].pk).customers) == (7, 4)
