"""Tries, silence, late and strange replies: the ping sweep beside somebody who listens on the other side."""

import socket
import struct
import threading
import time
from contextlib import contextmanager

import pytest

from agents.probes import packets
from agents.probes.icmp import Icmp
from agents.probes.readings import Target

pytestmark = pytest.mark.processes

SILENT = "10.200.0.1"


def ups(readings):
    return [reading.up for reading in readings]


@contextmanager
def overheard(net):
    """What arrives at the answering side, before its firewall: a list of (time, packet with IP header) that grows."""
    with net.enter(answering=True):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    tap.settimeout(0.05)
    heard, over = [], threading.Event()

    def listen():
        while not over.is_set():
            try:
                packet = tap.recv(2048)
            except TimeoutError:
                continue
            heard.append((time.monotonic(), packet))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield heard
    finally:
        time.sleep(0.1)
        over.set()
        thread.join()
        tap.close()


def questions_to(address, heard):
    return [at for at, packet in heard if packet[16:20] == socket.inet_aton(address) and packet[20] == 8]


@contextmanager
def played_by(net, source, copies=1, change=lambda reply: reply):
    """Somebody on the answering side who replies to questions to the silent address, as `source`."""
    with net.enter(answering=True):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        voice = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    voice.bind((source, 0))
    tap.settimeout(0.05)
    over = threading.Event()

    def reply(packet):
        body = bytearray(change(b"\0\0\0\0" + packet[24:40]))
        struct.pack_into("!H", body, 2, packets.checksum(body))
        for _ in range(copies):
            voice.sendto(body, (socket.inet_ntoa(packet[12:16]), 0))

    def play():
        while not over.is_set():
            try:
                packet = tap.recv(2048)
            except TimeoutError:
                continue
            if packet[16:20] == socket.inet_aton(SILENT):
                reply(packet)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        tap.close()
        voice.close()


@pytest.mark.root
def test_a_silent_host_is_asked_three_times_and_reads_down(net):
    started = time.monotonic()
    with overheard(net) as heard:
        [reading] = Icmp().probe([Target(1, SILENT)])
        took = time.monotonic() - started
    assert (reading.up, reading.ms, reading.message) == (False, None, "no answer in 3 tries")
    assert 1.5 <= took < 2.5
    first, second, third = questions_to(SILENT, heard)
    assert 0.4 < second - first < 1 and 0.4 < third - second < 1


@pytest.mark.root
def test_a_host_that_answers_is_asked_once_even_beside_silent_ones(net):
    with overheard(net) as heard:
        assert ups(Icmp().probe([Target(1, "10.1.2.3"), Target(2, SILENT)])) == [True, False]
    assert len(questions_to("10.1.2.3", heard)) == 1


@pytest.mark.root
def test_a_target_with_one_try_is_asked_once_beside_one_with_three(net):
    with overheard(net) as heard:
        readings = Icmp().probe([Target(1, SILENT, tries=1), Target(2, "10.200.0.2", tries=3)])
    assert [reading.message for reading in readings] == ["no answer", "no answer in 3 tries"]
    assert [len(questions_to(address, heard)) for address in (SILENT, "10.200.0.2")] == [1, 3]


@pytest.mark.root
def test_targets_with_one_try_take_half_a_second(net):
    started = time.monotonic()
    Icmp().probe([Target(1, SILENT, tries=1)])
    assert 0.5 <= time.monotonic() - started < 1


@pytest.mark.root
def test_a_host_that_comes_back_between_two_tries_reads_up_from_the_second(net):
    net.silence("10.1.2.3")
    before = time.time()
    timer = threading.Timer(0.25, net.answer, ["10.1.2.3"])
    timer.start()
    [reading] = Icmp().probe([Target(1, "10.1.2.3")])
    timer.join()
    assert reading.up is True
    assert reading.ms < 400
    assert reading.asked_at < before + 0.3


@pytest.mark.root
def test_a_reply_after_half_a_second_still_counts_with_its_true_round_trip(net):
    def late(reply):
        time.sleep(0.7)
        return reply

    with played_by(net, SILENT, change=late):
        [reading] = Icmp().probe([Target(1, SILENT)])
    assert reading.up is True
    assert 700 <= reading.ms < 1400


@pytest.mark.root
def test_a_doubled_reply_counts_once(net):
    with played_by(net, SILENT, copies=5):
        assert ups(Icmp().probe([Target(1, SILENT), Target(2, "10.200.0.2", tries=1)])) == [True, False]


@pytest.mark.root
def test_a_reply_from_another_address_does_not_make_a_host_up(net):
    with played_by(net, "10.1.1.1"):
        assert ups(Icmp().probe([Target(1, SILENT), Target(2, "10.1.1.1")])) == [False, True]


@pytest.mark.root
@pytest.mark.parametrize(
    "change",
    [
        lambda reply: reply[:8] + b"\1\2\3\4" + reply[12:],
        lambda reply: reply[:12] + b"\xff\xff\xff\xff" + reply[16:],
        lambda reply: reply[:12] + b"\0\0\0\1" + reply[16:],
        lambda reply: reply[:6] + b"\x7f\xff" + reply[8:],
        lambda reply: reply[:8],
        lambda reply: b"\3\1" + reply[2:],
    ],
    ids=["wrong token", "number out of range", "number of another", "try not made", "cut short", "not a reply"],
)
def test_a_strange_reply_is_ignored(net, change):
    with played_by(net, SILENT, change=change):
        targets = [Target(1, SILENT, tries=1), Target(2, "10.200.0.2", tries=1), Target(3, "10.1.2.3")]
        assert ups(Icmp().probe(targets)) == [False, False, True]
