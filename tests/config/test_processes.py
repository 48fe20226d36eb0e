"""Ends to processes, with real ones."""

import os
import socket
import subprocess
import sys
import threading

import pytest

from config import preflight, processes

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

# With much memory it takes a while to end, and loses its environment, by which it is found, before its port.
LISTENS = """
import socket, threading, time
server, much = socket.create_server(("127.0.0.1", 0)), b"x" * 400_000_000
threading.Thread(target=time.sleep, args=(600,)).start()
print(server.getsockname()[1], flush=True)
"""


def test_what_was_ended_a_moment_ago_stops_no_start(settings, tmp_path):
    environment = {**os.environ, "TOWERWATCH_TEST": str(tmp_path)}
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", LISTENS], env=environment, stdout=subprocess.PIPE) as child:
            settings.HOST, settings.PORT = "127.0.0.1", int(child.stdout.readline())
            assert processes.end_marked(f"TOWERWATCH_TEST={tmp_path}") == 1
            preflight.port()


def test_a_port_that_is_let_go_of_in_a_moment_stops_no_start(settings):
    taken = socket.create_server(("127.0.0.1", 0))
    settings.HOST, settings.PORT = taken.getsockname()
    ending = threading.Timer(0.4, taken.close)
    ending.start()
    preflight.port()
    ending.join()
