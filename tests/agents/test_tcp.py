"""TCP connects to real listeners: on loopback, and in two network namespaces of which one answers."""

import os
import resource
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from agents.probes.readings import ProbeError, Target
from agents.probes.tcp import Tcp, free_descriptors

pytestmark = pytest.mark.processes

SILENT = "10.200.0.1"


@pytest.fixture
def port():
    with listener() as port:
        yield port


@contextmanager
def listener(family=socket.AF_INET, greeting=b""):
    """A service on every address of the present namespace; its port."""
    server = socket.create_server(("", 0), family=family, backlog=4096)
    server.settimeout(0.05)
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                guest, _ = server.accept()
            except TimeoutError:
                continue
            with guest:
                guest.sendall(greeting)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        thread.join()
        server.close()


@pytest.fixture
def closed_port():
    """A port that nobody listens on and nobody else is given: it stays bound."""
    with socket.socket() as sock:
        sock.bind(("", 0))
        yield sock.getsockname()[1]


@contextmanager
def descriptors(limit):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def loopback(count, port):
    return [Target(key, f"127.1.{key >> 8}.{key & 255}", {"port": port}) for key in range(count)]


def ups(readings):
    return [reading.up for reading in readings]


def open_descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_no_targets_give_no_readings():
    assert Tcp().probe([]) == []


def test_a_listening_port_reads_up_with_the_time_of_the_connection(port):
    before = time.time()
    [reading] = Tcp().probe([Target(42, "127.0.0.1", {"port": port})])
    assert (reading.key, reading.up, reading.message) == (42, True, "")
    assert 0 < reading.ms < 500
    assert before - 0.01 <= reading.asked_at <= time.time()


def test_a_refused_connection_reads_down_at_once(closed_port):
    started = time.monotonic()
    [reading] = Tcp().probe([Target(1, "127.0.0.1", {"port": closed_port})])
    assert (reading.up, reading.ms, reading.message) == (False, None, "connection refused")
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("options", [{}, {"port": None}, {"port": 0}, {"port": 65_536}, {"port": "80"}])
def test_without_a_proper_port_nothing_is_known(options):
    [reading] = Tcp().probe([Target(1, "127.0.0.1", options)])
    assert reading.up is None
    assert "is not a port" in reading.message


def test_names_are_not_looked_up(port):
    [reading] = Tcp().probe([Target(1, "localhost", {"port": port})])
    assert (reading.up, reading.message) == (None, "'localhost' is not an IP address")


def test_the_port_is_the_one_option_with_its_bounds():
    [option] = Tcp.options
    assert (option.name, option.minimum, option.maximum, option.default) == ("port", 1, 65_535, None)


def test_both_ip_versions_and_nonsense_in_one_sweep_keep_their_order(closed_port):
    with listener(socket.AF_INET6) as port:
        asked = [("::1", port), ("nonsense", port), ("127.0.0.1", closed_port), ("::1", port)]
        readings = Tcp().probe([Target(key, address, {"port": at}) for key, (address, at) in enumerate(asked)])
    assert [(reading.key, reading.up) for reading in readings] == [(0, True), (1, None), (2, False), (3, True)]


def test_several_ports_of_one_address_are_told_apart(port, closed_port):
    targets = [Target(key, "127.0.0.1", {"port": at}) for key, at in enumerate([port, closed_port, port])]
    assert ups(Tcp().probe(targets)) == [True, False, True]


def test_a_service_that_speaks_first_reads_up():
    with listener(greeting=b"220 ready\r\n") as port:
        assert all(ups(Tcp().probe(loopback(50, port))))


def test_five_thousand_connections_all_read_up(port):
    assert all(ups(Tcp().probe(loopback(5000, port))))


def test_few_file_descriptors_make_a_sweep_slower_and_nobody_down(port):
    with descriptors(open_descriptors() + 80):
        assert free_descriptors() < 20
        assert all(ups(Tcp().probe(loopback(500, port))))


def test_descriptors_that_others_take_meanwhile_make_nobody_down(port):
    with descriptors(open_descriptors() + 200):
        sockets = []
        taker = threading.Thread(target=lambda: sockets.extend(socket.socket() for _ in range(60)))
        taker.start()
        readings = Tcp().probe(loopback(2000, port))
        taker.join()
        for sock in sockets:
            sock.close()
    assert all(ups(readings))


@pytest.mark.parametrize("left", [0, 1])
def test_without_any_file_descriptor_nothing_can_be_asked(closed_port, left):
    hoard = []
    with descriptors(open_descriptors() + 10), pytest.raises(ProbeError, match="file descriptor"):
        try:
            take_every_descriptor(hoard)
            for descriptor in hoard[:left]:
                os.close(descriptor)
            Tcp().probe(loopback(3, closed_port))
        finally:
            for descriptor in hoard[left:]:
                os.close(descriptor)


def take_every_descriptor(hoard):
    with suppress(OSError):
        while True:
            hoard.append(os.open(os.devnull, os.O_RDONLY))


def test_a_sweep_leaves_no_socket_open(port, closed_port):
    before = open_descriptors()
    Tcp().probe([*loopback(300, port), *loopback(300, closed_port)])
    assert open_descriptors() == before


def test_sweeps_in_several_threads_do_not_mix(port, closed_port):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda at: set(ups(Tcp().probe(loopback(500, at)))), [port, closed_port] * 2))
    assert results == [{True}, {False}] * 2


@pytest.mark.root
def test_a_silent_host_is_tried_three_times_a_second_each(net):
    started = time.monotonic()
    one, three = Tcp().probe([Target(1, SILENT, {"port": 80}, tries=1), Target(2, SILENT, {"port": 80})])
    assert 3 <= time.monotonic() - started < 4
    assert (one.up, one.message, three.up, three.message) == (False, "no answer", False, "no answer in 3 tries")


@pytest.mark.root
def test_silent_hosts_do_not_hold_up_more_connections_than_there_are_descriptors(net):
    before = open_descriptors()
    targets = [Target(key, f"10.200.0.{key}", {"port": 80}, tries=1) for key in range(60)]
    with descriptors(before + 85):
        assert ups(Tcp().probe(targets)) == [False] * 60
    assert open_descriptors() == before


@pytest.mark.root
def test_a_service_that_comes_back_between_two_tries_reads_up(net):
    net.silence("10.1.2.3")
    before = time.time()
    timer = threading.Timer(0.3, net.answer, ["10.1.2.3"])
    with net.enter(answering=True), listener() as port:
        timer.start()
        with net.enter():
            # Shorter than in use: after a second the kernel asks again by itself, for the first try.
            probe = Tcp()
            probe.try_seconds = 0.7
            [reading] = probe.probe([Target(1, "10.1.2.3", {"port": port})])
    timer.join()
    assert reading.up is True
    assert reading.ms < 600
    assert reading.asked_at < before + 0.3


@pytest.mark.root
def test_a_host_that_a_router_calls_unreachable_reads_down_in_these_words(net):
    subprocess.run(net.command("ip", "route", "add", "unreachable", "10.7.0.0/16", answering=True), check=True)
    subprocess.run(net.command("ip", "route", "del", "local", "10.0.0.0/8", "dev", "lo", answering=True), check=True)
    subprocess.run(net.command("sysctl", "-qw", "net.ipv4.ip_forward=1", answering=True), check=True)
    [reading] = Tcp().probe([Target(1, "10.7.0.1", {"port": 80}, tries=1)])
    assert (reading.up, reading.message) == (False, "it cannot be reached")


@pytest.mark.root
def test_a_dead_route_to_one_host_is_that_hosts_bad_reading(net):
    with net.enter(answering=True), listener() as port, net.enter():
        lost, fine = Tcp().probe([Target(1, "172.16.0.1", {"port": port}), Target(2, "10.1.2.3", {"port": port})])
    assert (lost.up, lost.message) == (False, "no route from this machine")
    assert fine.up is True


@pytest.mark.root
def test_without_any_route_nothing_is_known_of_anybody(net):
    subprocess.run(["ip", "route", "flush", "root", "10.0.0.0/8"], check=True)
    with pytest.raises(ProbeError, match="no route"):
        Tcp().probe([Target(1, "10.1.2.3", {"port": 80})])


@pytest.mark.root
def test_a_connection_that_meets_itself_is_no_service(net):
    subprocess.run(["sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40001"], check=True)
    targets = [Target(key, "127.0.0.1", {"port": 40_000 + key % 2}) for key in range(40)]
    assert True not in ups(Tcp().probe(targets))
