"""The invented network as a process of its own, and the command line that talks with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.simulated.process import running
from tests.agents.simulated.answers import TOWER, answering, ask, online, reachable

ROOT = Path(__file__).resolve().parents[3]


def launch(*arguments, **options):
    command = [sys.executable, "-m", "agents.simulated", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def command_line(*arguments):
    command = [sys.executable, "-m", "agents.simulated.control", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_one_line_and_ends_within_a_second_leaving_nothing(path, network, number):
    process = launch("--port", network.port, "--control", path)
    line = process.stdout.readline()
    assert line == (
        f"The demo network is ready: 146 devices for 120 customers answer on port {network.port}, commands at {path}.\n"
    )
    assert answering(network) == online(network)
    started = time.monotonic()
    process.send_signal(number)
    rest, errors = process.communicate(timeout=5)
    assert time.monotonic() - started < 1
    assert (process.returncode, rest, errors) == (0, "", "")
    assert not path.exists()
    assert answering(network) == set()


@pytest.mark.processes
def test_a_killed_process_can_be_started_again_on_the_same_port_and_path(path, network):
    for _ in range(2):
        process = launch("--port", network.port, "--control", path)
        assert "ready" in process.stdout.readline()
        assert ask(path, "status")["ok"]
        assert reachable(network.device("core-depot"))
        process.kill()
        process.communicate()
    assert path.exists()


@pytest.mark.processes
def test_the_script_runs_by_itself_in_the_process():
    with running(script=True, speed=100) as demo:
        deadline = time.monotonic() + 5
        while TOWER not in demo.send("status")["failed"] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not reachable(demo.network.device("router-far-bench"))
        assert reachable(demo.network.device("router-kestrel-hill"))


@pytest.mark.processes
def test_the_command_line_plays_a_scenario_and_explains_what_it_cannot_do(tmp_path):
    with running() as demo:
        played = command_line(demo.control, "play", "backhaul")
        assert played.returncode == 0
        assert json.loads(played.stdout)["failed"] == {TOWER: ["hand"]}
        assert not reachable(demo.network.device(TOWER))
        assert command_line(demo.control, "recover").returncode == 0
        assert answering(demo.network) == online(demo.network)
        refused = command_line(demo.control, "fail", "nothing")
        assert (refused.returncode, refused.stderr) == (1, "no device is named 'nothing'\n")
        assert "fail needs a device" in command_line(demo.control, "fail").stderr
        assert "status takes no name" in command_line(demo.control, "status", "core-depot").stderr
    missing = command_line(tmp_path / "control", "status")
    assert missing.returncode == 1
    assert "the demo network does not answer" in missing.stderr


@pytest.mark.processes
def test_a_process_whose_port_is_taken_says_which_and_leaves_no_socket(network, path):
    with socket.create_server(("127.10.2.1", network.port)):
        process = launch("--port", network.port, "--control", path)
        out, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert out == ""
    assert errors.startswith(
        f"the demo network does not start: router-saddle-ridge cannot listen on 127.10.2.1:{network.port}"
    )
    assert errors.count("\n") == 1
    assert not path.exists()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--customers", "0"], "customers must be from 1 to 50000, not 0"),
        (["--port", "80"], "port must be from 1025 to 65535, not 80"),
        (["--speed", "0"], "must be a number above 0, at most 100, not '0'"),
        (["--control", "/nowhere/control", "--port", "0"], "cannot open the control socket /nowhere/control"),
    ],
)
def test_a_wrong_option_is_explained_and_nothing_starts(arguments, error):
    process = launch(*arguments)
    out, errors = process.communicate(timeout=10)
    assert process.returncode in (1, 2)
    assert out == ""
    assert error in errors
    assert "Traceback" not in errors


@pytest.mark.processes
def test_too_few_open_files_are_named_as_the_reason():
    shell = f"ulimit -n 300; exec {sys.executable} -m agents.simulated --port 0 --customers 400"
    process = subprocess.run(["sh", "-c", shell], cwd=ROOT, capture_output=True, text=True, timeout=10)
    assert process.returncode == 1
    assert "open files and the system allows 300" in process.stderr


@pytest.mark.processes
def test_two_processes_live_side_by_side_and_end_with_their_block():
    with running() as first, running(seed=9, customers=30) as second:
        first.send("fail", device="core-depot")
        assert answering(first.network) == set()
        assert answering(second.network) == online(second.network)
        assert len(second.network.customers) == 30
    assert answering(second.network) == set()
    for demo in (first, second):
        assert demo.process.returncode == 0
        with pytest.raises(ProcessLookupError):
            os.kill(demo.process.pid, 0)


@pytest.mark.processes
def test_a_process_that_cannot_start_raises_its_own_words(network):
    with (
        socket.create_server(("127.10.0.1", network.port)),
        pytest.raises(RuntimeError, match="core-depot cannot listen"),
        running(port=network.port),
    ):
        pass
