"""The ping sweep against the kernel itself: on loopback, and in two network namespaces of which one answers."""

import os
import pickle
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.probes import packets
from agents.probes.icmp import Icmp, how, how_in_words
from agents.probes.readings import ProbeError, Reading, Target
from tests.agents.nobody import as_nobody

pytestmark = pytest.mark.processes

SILENT = "10.200.0.1"


def loopback(count):
    return [Target(key, f"127.{1 + (key >> 16)}.{key >> 8 & 255}.{key & 255}") for key in range(count)]


def living(count):
    return [Target(key, f"10.{1 + (key >> 16)}.{key >> 8 & 255}.{key & 255}") for key in range(count)]


def silent(count):
    return [Target(key, f"10.200.{key >> 8}.{key & 255}") for key in range(count)]


def ups(readings):
    return [reading.up for reading in readings]


def open_ping_group_range(net):
    subprocess.run(net.command("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"), check=True)


def test_no_targets_give_no_readings():
    assert Icmp().probe([]) == []


@pytest.mark.parametrize(
    "address", ["tower.example", "10.0.0", "10.0.0.256", "010.0.0.1", "", "10.0.0.1 ", "fe80::1%lo"]
)
def test_what_is_no_ip_address_is_named_and_nothing_is_known_of_it(address):
    [reading] = Icmp().probe([Target(7, address)])
    assert (reading.key, reading.up, reading.ms) == (7, None, None)
    assert repr(address) in reading.message
    assert abs(reading.asked_at - time.time()) < 1


def test_an_address_with_a_null_character_is_no_ip_address():
    assert ups(Icmp().probe([Target(1, "10.0.0.1\0")])) == [None]


@pytest.mark.root
def test_a_host_that_answers_reads_up_with_its_round_trip_and_the_time_of_the_question():
    before = time.time()
    [reading] = Icmp().probe([Target(42, "127.0.0.1")])
    assert (reading.key, reading.up, reading.message) == (42, True, "")
    assert 0 < reading.ms < 100
    assert before - 0.01 <= reading.asked_at <= time.time()


@pytest.mark.root
def test_a_reading_is_whole_equal_to_one_made_by_hand_and_can_be_pickled():
    [reading] = Icmp().probe([Target(1, "127.0.0.1")])
    assert reading == Reading(1, True, reading.asked_at, reading.ms)
    assert repr(reading) == repr(Reading(1, True, reading.asked_at, reading.ms))
    assert pickle.loads(pickle.dumps(reading)) == reading


@pytest.mark.root
def test_twenty_thousand_hosts_on_loopback_all_read_up_and_in_order():
    targets = loopback(20_000)
    readings = Icmp().probe(targets)
    assert [reading.key for reading in readings] == [target.key for target in targets]
    assert all(ups(readings))


@pytest.mark.root
def test_more_hosts_than_there_are_sequence_numbers_all_read_up():
    assert all(ups(Icmp().probe(loopback(70_000))))


@pytest.mark.root
@pytest.mark.parametrize("receive_bytes", [1, 20_000, 200_000])
def test_a_small_receive_buffer_makes_nobody_seem_down(receive_bytes):
    assert all(ups(Icmp(receive_bytes).probe(loopback(20_000))))


@pytest.mark.root
def test_a_small_receive_buffer_and_many_silent_hosts_make_nobody_seem_down(net):
    targets = [target for pair in zip(living(2000), silent(2000), strict=True) for target in pair]
    assert ups(Icmp(100_000).probe(targets)) == [True, False] * 2000


@pytest.mark.root
def test_a_sweep_ends_as_soon_as_all_have_answered():
    started = time.monotonic()
    Icmp().probe(loopback(100))
    assert time.monotonic() - started < 0.5


@pytest.mark.root
def test_an_address_given_twice_is_asked_twice_and_both_read_up():
    readings = Icmp().probe([Target(1, "127.0.0.1"), Target(2, "127.0.0.1"), Target(2, "127.0.0.1")])
    assert [(reading.key, reading.up) for reading in readings] == [(1, True), (2, True), (2, True)]


@pytest.mark.root
def test_ipv6_ipv4_and_nonsense_in_one_sweep_keep_their_order():
    addresses = ["::1", "nonsense", "127.0.0.1", "0:0:0:0:0:0:0:1"]
    readings = Icmp().probe([Target(key, address) for key, address in enumerate(addresses)])
    assert [(reading.key, reading.up) for reading in readings] == [(0, True), (1, None), (2, True), (3, True)]


@pytest.mark.root
def test_a_sweep_leaves_no_socket_open():
    Icmp().probe(loopback(10))
    before = os.listdir("/proc/self/fd")
    Icmp().probe([*loopback(10), Target(1, "::1")])
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.root
def test_sweeps_in_several_threads_do_not_hear_each_other(net):
    def sweep(targets):
        return set(ups(Icmp().probe(targets)))

    def here(targets):
        with net.enter():
            return sweep(targets)

    with ThreadPoolExecutor(6) as pool:
        results = pool.map(here, [living(3000), silent(3000)] * 3)
    assert list(results) == [{True}, {False}] * 3


@pytest.mark.root
def test_sweeps_in_several_processes_do_not_hear_each_other(net):
    open_ping_group_range(net)
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(sweep_in, net, silent(3000))
        theirs = as_nobody(lambda: set(ups(Icmp().probe(living(3000)))))
    assert (theirs, ours.result()) == ({True}, {False})


def sweep_in(net, targets):
    with net.enter():
        return set(ups(Icmp().probe(targets)))


@pytest.mark.root
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_line_hears_its_own_replies_only(family):
    address = ("127.0.0.1" if family == socket.AF_INET else "::1", 0)
    with packets.Line(family, 100_000) as one, packets.Line(family, 100_000) as other:
        question = one.question(3)
        packets.NUMBER.pack_into(question, packets.NUMBER_AT, 9, 9 ^ packets.ALL_ONES)
        one.sock.sendto(question, address)
        time.sleep(0.05)
        assert [reply[1:] for reply in one.replies()] == [(3, one.token, 9)]
        assert list(other.replies()) == []


@pytest.mark.parametrize("number", [0, 1, 63, 65_535, 65_536, 4_000_000_000])
def test_one_checksum_serves_every_number(number):
    question = packets.question(socket.AF_INET, 0xBEEF, 2, 0x12345678)
    packets.NUMBER.pack_into(question, packets.NUMBER_AT, number, number ^ packets.ALL_ONES)
    assert packets.checksum(question) == 0


@pytest.mark.root
def test_a_slow_line_makes_a_sweep_slower_and_nobody_down(net):
    subprocess.run("tc qdisc add dev wire root tbf rate 20mbit burst 5k latency 2s", shell=True, check=True)
    assert all(ups(Icmp().probe(living(5000))))


@pytest.mark.root
def test_a_line_that_takes_next_to_nothing_holds_a_sweep_up_for_seconds_and_leaves_hosts_unknown(net):
    subprocess.run("tc qdisc add dev wire root tbf rate 1kbit burst 5k latency 900s", shell=True, check=True)
    started = time.monotonic()
    found = ups(Icmp().probe(living(5000)))
    assert time.monotonic() - started < 8
    # The few that did get three questions into the queue of the line are silent as far as can be seen.
    assert found.count(None) > 4000
    assert found.count(False) < 20


@pytest.mark.root
def test_a_dead_route_to_one_host_is_that_hosts_bad_reading(net):
    lost, fine = Icmp().probe([Target(1, "172.16.0.1"), Target(2, "10.1.2.3")])
    assert (lost.up, lost.message) == (False, "no route from this machine")
    assert fine.up is True


@pytest.mark.root
def test_without_any_route_nothing_is_known_of_anybody(net):
    subprocess.run(["ip", "route", "flush", "root", "10.0.0.0/8"], check=True)
    with pytest.raises(ProbeError, match="no route"):
        Icmp().probe([*living(3), Target(9, "nonsense")])


@pytest.mark.root
def test_a_route_that_goes_during_the_sweep_leaves_the_silent_unknown(net):
    timer = threading.Timer(0.25, subprocess.run, [net.command("ip", "route", "flush", "root", "10.0.0.0/8")])
    timer.start()
    readings = Icmp().probe([Target(1, SILENT), Target(2, "10.1.2.3")])
    timer.join()
    assert ups(readings) == [None, True]


@pytest.mark.root
def test_no_route_for_ipv6_leaves_only_the_ipv6_targets_unknown(net):
    six, four = Icmp().probe([Target(1, "2001:db8::1"), Target(2, "10.1.2.3")])
    assert (six.up, four.up) == (None, True)
    assert "Nothing could be asked" in six.message


@pytest.mark.root
def test_what_our_own_firewall_holds_back_is_unknown(net):
    rules = "table ip t { chain out { type filter hook output priority 0; ip daddr 10.1.1.1 drop; }; }"
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
    held, fine = Icmp().probe([Target(1, "10.1.1.1"), Target(2, "10.1.2.3")])
    assert (held.up, fine.up) == (None, True)
    assert "firewall" in held.message


@pytest.mark.root
def test_a_broadcast_address_is_unknown_not_down():
    broadcast, fine = Icmp().probe([Target(1, "255.255.255.255"), Target(2, "127.0.0.1")])
    assert (broadcast.up, fine.up) == (None, True)


@pytest.mark.root
def test_root_pings_through_a_raw_socket():
    assert how() == "raw"
    assert "raw socket" in how_in_words()


@pytest.mark.root
def test_without_privilege_a_ping_is_refused_in_a_plain_sentence(net):
    assert as_nobody(how) is None
    refusal = as_nobody(lambda: Icmp().probe(living(2)))
    assert isinstance(refusal, ProbeError)
    assert "CAP_NET_RAW" in str(refusal) and str(refusal) == as_nobody(how_in_words)


@pytest.mark.root
def test_where_the_group_range_allows_it_pings_go_through_a_datagram_socket(net):
    open_ping_group_range(net)
    assert as_nobody(how) == "datagram"
    assert "datagram socket" in as_nobody(how_in_words)
    assert as_nobody(lambda: ups(Icmp().probe([*living(20_000), Target(1, SILENT)]))) == [True] * 20_000 + [False]


@pytest.mark.root
def test_datagram_sockets_speak_ipv6_too(net):
    open_ping_group_range(net)
    assert as_nobody(lambda: ups(Icmp().probe([Target(1, "::1"), Target(2, "127.0.0.1")]))) == [True, True]
