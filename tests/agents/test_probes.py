"""What every way of looking at an address promises, whatever it is asked: tried over each that PROBES names."""

import math
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings

from agents import ways
from agents.probes import icmp
from agents.probes.readings import ProbeError, Target

ABSURD = [
    "", " ", "nonsense", "localhost", "999.1.1.1", "10.0.0.1/24", "10.0.0", "127.1", "0x7f.1", "127.0.0.1\0",
    "127.0.0.1\n", "::1%lo", "1" * 5000, "ünïcode", "-", "255.255.255.255", "0.0.0.0", "224.0.0.1", "ff02::1", "::",
]  # fmt: skip
DEAD = ["198.51.100.7", "203.0.113.9", "240.0.0.1", "2001:db8::1"]


@pytest.fixture(scope="module")
def port():
    """Something accepts connections here, on every address of loopback."""
    server = socket.create_server(("0.0.0.0", 0), backlog=512)
    number = server.getsockname()[1]

    def accept():
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    yield number
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture(params=[name for name in settings.PROBES if name not in ways.of_sources()])
def probe(request):
    if request.param == "icmp" and icmp.how() is None:
        pytest.skip("this process may not ping")
    return ways.probe(request.param)


@pytest.fixture
def ask(probe, port):
    """Sweeps over addresses, the first of which answers; keys count from 0."""

    def sweep(addresses, **fields):
        given = {"options": dict.fromkeys((option.name for option in probe.options), port), "tries": 1} | fields
        targets = [Target(key, address, **given) for key, address in enumerate(["127.0.0.1", *addresses])]
        return probe.probe(targets)

    return sweep


def checked(readings, count, since):
    """The rules that hold for any sweep."""
    assert [reading.key for reading in readings] == list(range(count))
    for reading in readings:
        assert reading.up in (True, False, None)
        assert since - 0.01 <= reading.asked_at <= time.time() + 0.01
        assert isinstance(reading.message, str)
        if reading.up:
            assert reading.ms is not None and math.isfinite(reading.ms) and reading.ms >= 0
        else:
            assert reading.ms is None
            assert reading.message
    return [reading.up for reading in readings]


def test_it_has_a_name_a_duration_and_bounded_options(probe):
    assert probe.label
    assert 0 < probe.try_seconds <= 60
    assert all(option.minimum < option.maximum and option.label for option in probe.options)


def test_nothing_to_ask_is_answered_by_nothing(probe):
    assert probe.probe([]) == []


def test_what_lives_is_up(ask):
    since = time.time()
    assert checked(ask([f"127.0.0.{last}" for last in range(2, 50)]), 49, since) == [True] * 49


def test_the_dead_never_raise_and_each_has_its_reading(ask):
    since = time.time()
    ups = checked(ask(DEAD), 1 + len(DEAD), since)
    assert ups[0] is True
    assert True not in ups[1:]


def test_what_is_no_address_never_raises_and_nothing_is_known_of_it(ask):
    since = time.time()
    ups = checked(ask(ABSURD), 1 + len(ABSURD), since)
    assert ups[0] is True
    assert set(ups[1 : 1 + ABSURD.index("255.255.255.255")]) == {None}


def test_nothing_but_nonsense_is_answered_too(probe):
    since = time.time()
    targets = [Target(key, address) for key, address in enumerate(["", "nonsense", "300.0.0.1"])]
    assert checked(probe.probe(targets), 3, since) == [None] * 3


def test_the_same_target_twice_has_two_readings(probe, port):
    options = dict.fromkeys((option.name for option in probe.options), port)
    readings = probe.probe([Target(7, "127.0.0.1", options)] * 3)
    assert [(reading.key, reading.up) for reading in readings] == [(7, True)] * 3


@pytest.mark.parametrize("tries", [0, -1, 1, 3])
def test_any_number_of_tries_is_at_least_one(ask, tries):
    since = time.time()
    assert checked(ask(["127.0.0.2"], tries=tries), 2, since) == [True, True]


def test_an_absurd_option_is_no_fault_and_nothing_is_known(probe, port):
    names = [option.name for option in probe.options]
    values = [None, 0, -1, 65_536, 10**20, "80", 80.5, []]
    targets = [Target(key, "127.0.0.1", dict.fromkeys(names, value)) for key, value in enumerate([port, *values])]
    since = time.time()
    ups = checked(probe.probe(targets), len(targets), since)
    assert ups == [True] + [None if names else True] * len(values)


def test_sweeps_at_the_same_time_do_not_disturb_each_other(ask):
    since = time.time()
    with ThreadPoolExecutor(8) as pool:
        sweeps = [pool.submit(ask, [f"127.0.{number}.{last}" for last in range(1, 60)]) for number in range(8)]
        for sweep in sweeps:
            assert checked(sweep.result(), 60, since) == [True] * 60


def test_nothing_is_left_open(ask):
    ask(["127.0.0.2"])
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        ask(["127.0.0.2", "nonsense"])
    assert len(os.listdir("/proc/self/fd")) <= before + 2


def test_a_way_of_looking_that_does_not_exist_is_said_in_words():
    with pytest.raises(ProbeError, match="no way of looking named 'crystal ball'"):
        ways.probe("crystal ball")


@pytest.mark.parametrize(("interval", "tries"), [(1, 1), (1.9, 1), (2, 3), (3600, 3)])
def test_what_is_asked_again_soon_is_tried_once(interval, tries):
    assert ways.tries(interval) == tries


def test_a_reading_takes_as_long_as_all_its_tries():
    assert ways.reading_seconds("icmp", 10) == 1.5
    assert ways.reading_seconds("icmp", 1) == 0.5
