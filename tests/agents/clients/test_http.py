"""Asking over HTTP: deadlines, limits, certificates, and what no API should answer."""

import gzip
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.clients.faults import FaultKind, UpstreamFault
from agents.clients.uisp import Uisp
from agents.simulated.uisp import UispServer
from tests.agents.clients.wire import CHUNKED, DEVICE, client_of, fault_of, reply, wire


@pytest.mark.processes
@pytest.mark.parametrize("fault", ["timeout", "slow"])
def test_a_server_that_is_silent_or_trickles_is_left_at_the_deadline(server, fault):
    server.play(fault)
    started = time.monotonic()
    with pytest.raises(UpstreamFault, match=r"does not answer within 0.4 s") as caught:
        client_of(server, seconds=0.4).devices()
    assert caught.value.kind is FaultKind.TIMEOUT
    assert time.monotonic() - started < 2


@pytest.mark.processes
def test_a_trickle_of_headers_does_not_stretch_the_deadline():
    with wire(*[bytes([sign]) for sign in reply(b"[]")], pause=0.2) as server:
        started = time.monotonic()
        assert fault_of(server.url, seconds=0.4).kind is FaultKind.TIMEOUT
        assert time.monotonic() - started < 2


def test_a_slow_answer_that_comes_in_time_is_taken(devices):
    with UispServer(devices, slow=0.3) as server:
        server.play("slow")
        assert len(client_of(server).devices().rows) == 146


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"", FaultKind.REFUSED, "hung up"),
        (b"220 mail.example ESMTP\r\n\r\n", FaultKind.NOT_JSON, "does not speak HTTP"),
        (reply(b"[1, 2]")[:-3], FaultKind.REFUSED, "hung up in the middle"),
        (reply(b""), FaultKind.NOT_JSON, "answers nothing"),
        (reply(b"[" * 200_000), FaultKind.NOT_JSON, "not JSON"),
        (reply(b"\xff\xfe\xfd\xfc"), FaultKind.NOT_JSON, "not JSON"),
        (reply(b"", status="404 Not Found"), FaultKind.MISSING, "is this the address of the API"),
        (reply(b"", status="204 No Content"), FaultKind.SHAPE, "204 No Content"),
        (reply(b"", "Location: https://evil.example", status="302 Found"), FaultKind.SHAPE, "which is not followed"),
        (reply(b"x", "Content-Encoding: br"), FaultKind.NOT_JSON, "an encoding that was not asked for"),
        (reply(b"x" * 99, "Content-Encoding: gzip"), FaultKind.REFUSED, "hung up in the middle"),
        (
            reply(gzip.compress(b"[]", mtime=0)[:-4], "Content-Encoding: gzip"),
            FaultKind.REFUSED,
            "hung up in the middle",
        ),
        (reply(b"null"), FaultKind.SHAPE, "expected a list, came nothing"),
        (CHUNKED + b"5\r\n[1,", FaultKind.REFUSED, "hung up"),
        (CHUNKED + b"-5\r\n[]\r\n", FaultKind.NOT_JSON, "does not speak HTTP"),
        (CHUNKED + b"no\r\n[]\r\n", FaultKind.REFUSED, "hung up"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", FaultKind.NOT_JSON, "does not speak HTTP"),
    ],
)
def test_what_no_api_should_answer_is_said_in_words(answer, kind, words):
    with wire(answer) as server:
        fault = fault_of(server.url)
    assert fault.kind is kind
    assert words in fault.text


def test_chunks_and_answers_without_a_length_are_read():
    body = json.dumps([DEVICE]).encode()
    chunked = CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for answer in (chunked, b"HTTP/1.0 200 OK\r\n\r\n" + body):
        with wire(answer) as server:
            assert [row.id for row in Uisp(server.url, "k").devices().rows] == ["d-1"]


@pytest.mark.processes
def test_an_answer_over_the_limit_is_refused_before_it_is_read():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n"
    with wire(head, pause=9) as server:
        started = time.monotonic()
        fault = fault_of(server.url)
        assert time.monotonic() - started < 3
    assert fault.kind is FaultKind.TOO_LARGE
    assert "more than 67 MB" in fault.text


def test_a_body_that_grows_over_the_limit_is_refused_whatever_it_says_of_itself():
    flood = [b" " * 1_000_000] * 200
    for head in (b"HTTP/1.0 200 OK\r\n\r\n", CHUNKED + b"-1\r\n"):
        with wire(head, *flood) as server:
            assert fault_of(server.url, seconds=60).kind is FaultKind.TOO_LARGE
    bomb = gzip.compress(b" " * 200_000_000, 9)
    assert len(bomb) < 1_000_000
    with wire(reply(bomb, "Content-Encoding: gzip")) as server:
        assert fault_of(server.url, seconds=60).kind is FaultKind.TOO_LARGE


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=uisp.example -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_of_ones_own_needs_the_switch(certificate):
    with wire(reply(json.dumps([DEVICE]).encode()), context=certificate) as server:
        fault = fault_of(server.url)
        assert fault.kind is FaultKind.TLS
        assert "is not trusted: self-signed certificate" in fault.text
        assert server.asked == []
        assert Uisp(server.url, "k", verify_tls=False).devices().rows[0].signal == -61


def test_tls_to_a_plain_port_and_a_silent_handshake_are_named():
    with wire(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        listening = server.url.replace("http:", "https:")
        assert fault_of(listening, seconds=0.5).kind is FaultKind.TIMEOUT
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        threading.Thread(target=lambda: silent.accept()[0].sendall(b"220 hello\r\n"), daemon=True).start()
        assert fault_of(url).kind is FaultKind.TLS


# Each example makes a server and asks it: how long that takes says more of what runs beside it.
@settings(deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_a_fault_or_an_answer(noise):
    with wire(b"HTTP/1.1 200 OK\r\n" + noise) as server:
        try:
            Uisp(server.url, "k", seconds=5).devices()
        except UpstreamFault as fault:
            assert fault.text
