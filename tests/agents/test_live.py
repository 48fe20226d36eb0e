"""Ping and trace one result at a time: on loopback, and through a chain of network namespaces."""

import os
import subprocess
import time

import pytest

from agents.probes.live import Hop, Ping, ping_live, trace_live
from agents.probes.readings import ProbeError
from bench.namespaces import ANSWERING_ADDRESS
from tests.agents.nobody import as_nobody

pytestmark = pytest.mark.processes

SILENT = "10.200.0.1"
BEYOND = "172.16.0.1"


@pytest.fixture
def chain(net):
    """A third namespace behind the answering one, which routes there: 172.16.0.0/12 is two hops away."""
    far = f"{net.answering}far"
    steps = f"""
        ip netns add {far}
        ip -n {net.answering} link add far type veth peer name near netns {far}
        ip -n {net.answering} addr add 198.18.1.1/30 dev far
        ip -n {net.answering} link set far up
        ip -n {net.answering} route add 172.16.0.0/12 via 198.18.1.2
        ip netns exec {net.answering} sysctl -qw net.ipv4.ip_forward=1
        ip -n {far} link set lo up
        ip -n {far} addr add 198.18.1.2/30 dev near
        ip -n {far} link set near up
        ip -n {far} route add default via 198.18.1.1
        ip -n {far} route add local 172.16.0.0/12 dev lo
        ip route add 172.16.0.0/12 via {ANSWERING_ADDRESS}
    """
    try:
        for step in steps.strip().splitlines():
            subprocess.run(step.split(), check=True)
        yield net
    finally:
        subprocess.run(["ip", "netns", "del", far], check=False)


@pytest.mark.parametrize("live", [ping_live, trace_live])
@pytest.mark.parametrize("address", ["localhost", "", "127.0.0.1;reboot"])
@pytest.mark.root
def test_what_is_no_ip_address_is_refused_before_anything_is_asked(live, address):
    with pytest.raises(ProbeError, match="is not an IP address"):
        live(address)


@pytest.mark.root
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0:0:0:0:0:0:0:1"])
def test_every_ping_of_a_living_address_has_its_number_and_its_round_trip(address):
    pings = list(ping_live(address, count=3, interval=0))
    assert [(ping.number, ping.message) for ping in pings] == [(1, ""), (2, ""), (3, "")]
    assert all(0 < ping.ms < 500 for ping in pings)


@pytest.mark.root
def test_a_ping_is_given_as_soon_as_it_is_known_and_the_next_waits_for_the_interval():
    pings = ping_live("127.0.0.1", count=2, interval=0.4)
    started = time.monotonic()
    next(pings)
    first = time.monotonic() - started
    next(pings)
    assert first < 0.4 <= time.monotonic() - started
    assert next(pings, None) is None


@pytest.mark.root
def test_a_ping_that_is_broken_off_leaves_no_socket_open():
    before = len(os.listdir("/proc/self/fd"))
    pings = ping_live("127.0.0.1")
    next(pings)
    pings.close()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.root
def test_a_silent_address_gives_pings_without_a_round_trip(net):
    assert list(ping_live(SILENT, count=2, interval=0, timeout=0.1)) == [
        Ping(1, None, "no answer"),
        Ping(2, None, "no answer"),
    ]


@pytest.mark.root
def test_an_address_without_a_route_says_so(net):
    [ping] = ping_live("192.0.2.1", count=1)
    assert (ping.ms, ping.message) == (None, "no route from this machine")


@pytest.mark.root
def test_a_router_that_calls_an_address_unreachable_is_quoted(chain):
    subprocess.run(["ip", "-n", chain.answering, "route", "add", "unreachable", "172.16.0.9"], check=True)
    [ping] = ping_live("172.16.0.9", count=1)
    assert (ping.ms, ping.message) == (None, f"Destination host unreachable, says {ANSWERING_ADDRESS}")


@pytest.mark.root
def test_an_unprivileged_ping_works_where_the_group_range_allows_it(net):
    subprocess.run(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"], check=True)
    [ping] = as_nobody(lambda: list(ping_live("10.1.2.3", count=1)))
    assert ping.ms > 0


@pytest.mark.root
@pytest.mark.parametrize("live", [ping_live, trace_live])
def test_without_privilege_the_refusal_is_a_plain_sentence(net, live):
    refusal = as_nobody(lambda: list(live("10.1.2.3")))
    assert isinstance(refusal, ProbeError)
    assert "CAP_NET_RAW" in str(refusal)


@pytest.mark.root
def test_a_trace_names_every_hop_up_to_the_address(chain):
    hops = list(trace_live(BEYOND))
    assert [(hop.distance, hop.address, hop.reached) for hop in hops] == [
        (1, ANSWERING_ADDRESS, False),
        (2, BEYOND, True),
    ]
    assert all(0 < hop.ms < 500 for hop in hops)


@pytest.mark.root
def test_hops_come_one_at_a_time(chain):
    rules = "table ip t { chain through { type filter hook forward priority 0; drop; }; }"
    subprocess.run(chain.command("nft", "-f", "-", answering=True), input=rules, text=True, check=True)
    hops = trace_live(BEYOND, max_hops=3, timeout=0.5)
    started = time.monotonic()
    assert next(hops).address == ANSWERING_ADDRESS
    assert time.monotonic() - started < 0.4
    hops.close()


@pytest.mark.root
def test_silent_hops_are_given_as_such_up_to_the_most_hops(net):
    assert list(trace_live(SILENT, max_hops=2, timeout=0.1)) == [Hop(1, None, None), Hop(2, None, None)]


@pytest.mark.root
def test_a_trace_ends_where_a_router_calls_the_address_unreachable(chain):
    subprocess.run(["ip", "-n", chain.answering, "route", "add", "unreachable", "172.16.0.9"], check=True)
    hops = list(trace_live("172.16.0.9"))
    assert [(hop.address, hop.reached) for hop in hops][-1] == (ANSWERING_ADDRESS, False)
    assert hops[-1].message == "Destination host unreachable"
    assert len(hops) <= 2


@pytest.mark.root
def test_a_trace_without_a_route_is_one_hop_with_the_reason(net):
    assert list(trace_live("192.0.2.1")) == [Hop(1, None, None, message="no route from this machine")]


@pytest.mark.root
def test_a_trace_of_this_very_machine_is_one_hop():
    [hop] = trace_live("127.0.0.1")
    assert (hop.distance, hop.address, hop.reached) == (1, "127.0.0.1", True)
