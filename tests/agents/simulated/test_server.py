"""The control socket: commands, bad requests, and callers that hang."""

import json
import socket
import stat
import time
from contextlib import closing, contextmanager, suppress

import pytest

from agents.simulated import control
from agents.simulated.server import ControlServer, SocketError
from tests.agents.simulated.answers import TOWER, answering, ask, online, reachable

pytestmark = pytest.mark.processes


@contextmanager
def serving(path, director):
    server = ControlServer(path, director)
    try:
        yield
    finally:
        server.stop()


@pytest.fixture
def server(path, director):
    with serving(path, director):
        yield


def raw(path, data, timeout=2.0):
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as call:
        call.settimeout(timeout)
        call.connect(str(path))
        with suppress(BrokenPipeError, ConnectionResetError):
            call.sendall(data)
        return json.loads(call.makefile("rb").readline())


def test_status_tells_what_failed_what_is_cut_off_and_what_comes_next(server, path, director, network):
    director.advance(61)
    status = ask(path, "status")
    assert status["failed"] == {TOWER: ["script"]}
    assert status["unreachable"] == {device.name: TOWER for device in network.below(TOWER)}
    assert (status["customers"], status["devices"], status["port"]) == (120, 146, network.port)
    assert status["script"]["time"] == 61
    assert not status["script"]["paused"]
    following = status["script"]["next"]
    assert (following["in"], following["act"], following["device"]) == (239, "restore", TOWER)


def test_commands_take_effect_before_they_are_answered(server, path, devices, network):
    assert ask(path, "fail", device="router-far-bench")["failed"] == {"router-far-bench": ["hand"]}
    assert not reachable(network.device("ap-far-bench-1"))
    assert ask(path, "restore", device="router-far-bench")["failed"] == {}
    assert reachable(network.device("ap-far-bench-1"))
    assert ask(path, "pause")["script"]["paused"]
    assert not ask(path, "resume")["script"]["paused"]
    assert ask(path, "play", scenario="backhaul")["failed"] == {TOWER: ["hand"]}
    assert not reachable(network.device(TOWER))
    assert ask(path, "recover")["failed"] == {}
    assert answering(network) == online(network)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"", "not JSON"),
        (b"hello", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "command must be one of status, fail"),
        (b'{"command": "stop"}', "command must be one of"),
        (b'{"command": ["fail"]}', "command must be one of"),
        (b'{"command": "fail"}', "fail needs device"),
        (b'{"command": "fail", "device": 7}', "fail needs device"),
        (b'{"command": "fail", "device": "nothing"}', "no device is named 'nothing'"),
        (b'{"command": "restore", "device": "nothing"}', "no device is named 'nothing'"),
        (b'{"command": "play", "scenario": "flood"}', "no scenario is named 'flood'"),
        (b'{"command": "recover", "device": "core-depot"}', "recover takes no device"),
        (b'{"command": "fail", "device": "core-depot", "for": 7}', "fail takes no for"),
        (b"x" * 1_000_000, "the line is longer than 65536 bytes"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong_and_changes_nothing(server, path, director, line, error):
    director.fail("cpe-10001")
    before = director.status()
    reply = raw(path, line + b"\n")
    assert not reply["ok"]
    assert error in reply["error"]
    assert director.status() == before


def test_a_refusal_is_raised_with_its_reason(server, path):
    with pytest.raises(control.ControlError, match="no device is named 'nothing'"):
        ask(path, "fail", device="nothing")


def test_callers_that_hang_or_babble_stall_neither_the_devices_nor_other_callers(server, path, network):
    calls = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(20)]
    for number, call in enumerate(calls):
        call.connect(str(path))
        call.setblocking(False)
        with suppress(BlockingIOError, BrokenPipeError):
            call.send(b'{"command": ' if number % 2 else b"x" * 1_000_000)
    started = time.monotonic()
    assert ask(path, "status")["ok"]
    assert answering(network) == online(network)
    assert time.monotonic() - started < 2
    for call in calls:
        call.close()


def test_the_server_stops_at_once_though_callers_hang(path, director):
    with serving(path, director), closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as call:
        call.connect(str(path))
        call.send(b"{")
        time.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    assert not path.exists()


def test_more_callers_than_there_are_places_are_hung_up_on_and_the_places_come_back(server, path):
    calls = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(40)]
    for call in calls:
        call.connect(str(path))
    with pytest.raises(control.NotRunning):
        ask(path, "status")
    for call in calls:
        call.close()
    limit = time.monotonic() + 5
    while True:
        with suppress(control.NotRunning):
            assert ask(path, "status")["ok"]
            break
        assert time.monotonic() < limit, "the places did not come back"
        time.sleep(0.02)


def test_only_the_owner_may_open_the_socket_and_a_stale_file_is_replaced(path, director):
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as stale:
        stale.bind(str(path))
    with serving(path, director):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert ask(path, "status")["ok"]
    assert not path.exists()


def test_a_socket_that_is_in_use_and_a_file_that_is_none_are_left_alone(server, path, director, tmp_path):
    with pytest.raises(SocketError, match="another network listens there"):
        ControlServer(path, director)
    assert ask(path, "status")["ok"]
    letter = tmp_path / "letter"
    letter.write_text("dear")
    with pytest.raises(SocketError, match="another file is there"):
        ControlServer(letter, director)
    assert letter.read_text() == "dear"
    with pytest.raises(SocketError, match="nowhere"):
        ControlServer(tmp_path / "nowhere" / "control", director)


def test_a_network_that_is_not_there_or_does_not_answer_is_not_running(path):
    with pytest.raises(control.NotRunning, match=r"does not answer at .*control"):
        ask(path, "status")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as deaf:
        deaf.bind(str(path))
        deaf.listen()
        started = time.monotonic()
        with pytest.raises(control.NotRunning, match="timed out"):
            control.send(path, {"command": "status"}, timeout=0.3)
        assert time.monotonic() - started < 1
