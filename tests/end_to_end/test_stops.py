"""SIGTERM and SIGINT: everything ends within seconds, whatever is under way, and nothing is left."""

import signal
import socket
from pathlib import Path

import pytest

from tests.end_to_end.installation import Installation, until

pytestmark = pytest.mark.processes
SYN_SENT = "02"


@pytest.fixture
def mute():
    """The port of a listener that picks up nobody: its queue is full, so that whoever calls waits in vain."""
    with socket.socket() as listener, socket.socket() as caller:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        caller.connect(listener.getsockname())
        yield listener.getsockname()[1]


def is_being_called(port: int) -> bool:
    """Whether somebody waits for the port to answer, as the kernel tells it."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(fields[2].endswith(f":{port:04X}") and fields[3] == SYN_SENT for fields in lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_with_a_page_that_listens_and_a_sweep_under_way(desk: Installation, mute, number):
    browser = desk.browser()
    first = desk.start()
    token = first.split("/")[-2]
    browser.send(first, token=token, name="Ada", email="ada@example.net", password="towers and wind")
    desk.write(
        hosts=[{"name": "mute", "address": "127.0.0.1", "probe": "tcp", "port": mute}], loopback=True, interval=3
    )
    stream = browser.follow("/live/?topics=inbox,incidents")
    assert stream.readline() == b"retry: 2000\n"
    until(lambda: is_being_called(mute), "sweep under way")

    desk.up.send_signal(number)
    assert desk.up.wait(5) == 0
    assert desk.left() == []
    assert b"changed" not in stream.fp.read()
    assert "Traceback" not in desk.said()


def test_a_second_start_in_the_same_folder_is_refused_and_disturbs_nobody(desk: Installation):
    desk.start()
    before = desk.left()
    with pytest.raises(AssertionError, match=rf"already runs in {desk.var} \(process {desk.up.pid}\)"):
        desk.run("manage.py", "up")
    assert set(before) <= set(desk.left())
