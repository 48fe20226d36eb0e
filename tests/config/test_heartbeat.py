"""The heartbeat: a real address hears it each minute, only while the network is looked at, and a fault is said once."""

import socket
import threading
from contextlib import closing, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.urls import reverse
from django.utils import timezone

from agents import roster
from agents.models import Agent
from config import heartbeat, options, safety
from config.finding import State
from notifications.delivery import pause

pytestmark = pytest.mark.django_db


class Watchman:
    """A server on this machine that notes what it is asked, and answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answer = 200
        watchman = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watchman.heard.append(self.path)
                self.send_response(watchman.answer)
                if watchman.answer == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(b"x" * 100_000)

            def log_message(self, *words: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/a-key?status=up&msg=OK"


@pytest.fixture
def watchman(settings):
    settings.ALLOW_PRIVATE_URLS = True
    found = Watchman()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def looking():
    roster.here()
    Agent.objects.update(seen_at=timezone.now())


def beat() -> bool:
    return heartbeat.beat(timezone.now())


def test_it_is_heard_while_somebody_looks_and_not_while_nobody_does(watchman, looking):
    options.change(heartbeat_url=watchman.url)
    assert beat()
    assert watchman.heard == ["/ping/a-key?status=up&msg=OK"]
    assert safety.beating(timezone.now()).says == "127.0.0.1 hears each minute that the network is looked at."
    Agent.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    assert not beat()
    assert len(watchman.heard) == 1
    assert safety.beating(timezone.now() + timedelta(minutes=6)).state is State.LOOK


def test_nobody_is_told_where_nothing_is_set(watchman, looking):
    assert not beat()
    assert watchman.heard == []
    assert safety.beating(timezone.now()).state is State.LOOK


def test_a_restored_copy_does_not_speak_for_its_original(watchman, looking):
    options.change(heartbeat_url=watchman.url)
    pause.pause()
    assert not beat()
    assert watchman.heard == []
    assert safety.beating(timezone.now()).says == "The heartbeat waits, as all sending does."


@pytest.mark.parametrize(
    ("answer", "words"), [(404, "answers 404"), (503, "answers 503"), (302, "leads elsewhere and is not followed")]
)
def test_a_fault_is_said_once_and_again_when_it_is_over(watchman, looking, caplog, answer, words):
    options.change(heartbeat_url=watchman.url)
    watchman.answer = answer
    for _ in range(3):
        assert not beat()
    assert len(watchman.heard) == 3 and "/elsewhere" not in watchman.heard
    assert len(caplog.records) == 1
    assert words in caplog.text and "a-key" not in caplog.text
    finding = safety.beating(timezone.now())
    assert finding.state is State.BROKEN and words in finding.says and "a-key" not in finding.says
    watchman.answer = 204
    assert beat() and beat()
    assert [record.getMessage() for record in caplog.records][1:] == ["heartbeat: it is heard again"]
    assert safety.beating(timezone.now()).state is State.WORKS


@pytest.fixture
def odd_server(settings):
    """A server that answers each call by a function of its socket."""
    settings.ALLOW_PRIVATE_URLS = True
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(do) -> str:
            def run() -> None:
                connection, _ = listener.accept()
                # Whoever asked may have hung up already.
                with closing(connection), suppress(OSError):
                    connection.recv(4096)
                    do(connection)

            threading.Thread(target=run, daemon=True).start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}/"

        yield serve


@pytest.mark.parametrize(
    "said", [b"", b"\r\n", b"hello\r\n", b"HTTP/1.1\r\n", b"HTTP/1.1 2000 OK\r\n", b"HTTP/1.1 \xff\r\n", b"x" * 5000]
)
def test_what_is_no_http_is_not_an_answer(odd_server, said):
    with pytest.raises(heartbeat.Unheard, match="does not speak HTTP"):
        heartbeat.tell(odd_server(lambda connection: connection.sendall(said)))


@pytest.mark.processes
def test_a_trickle_does_not_stretch_the_deadline(odd_server, monkeypatch):
    monkeypatch.setattr(heartbeat, "SECONDS", 0.5)

    def trickle(connection: socket.socket) -> None:
        for _ in range(40):
            connection.sendall(b"H")
            threading.Event().wait(0.1)

    began = timezone.now()
    with pytest.raises(heartbeat.Unheard, match=r"does not answer within 0.5 s"):
        heartbeat.tell(odd_server(trickle))
    assert timezone.now() - began < timedelta(seconds=2)


def test_one_that_hangs_up_or_is_not_there_is_a_fault(settings):
    settings.ALLOW_PRIVATE_URLS = True
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(heartbeat.Unheard, match="cannot be reached"):
        heartbeat.tell(f"http://127.0.0.1:{port}/")
    with pytest.raises(heartbeat.Unheard, match="is not known"):
        heartbeat.tell("http://nobody.invalid/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "[::1]", "localhost", "169.254.169.254", "[::ffff:10.0.0.1]"]
)
def test_private_networks_are_asked_only_where_that_is_allowed(host):
    with pytest.raises(heartbeat.Unheard, match="is in a private network"):
        heartbeat.tell(f"http://{host}:9/")


def test_the_form_tries_the_address_before_it_keeps_it(administrator, watchman):
    page = reverse("heartbeat")
    assert administrator.get(page).status_code == 200
    watchman.answer = 500
    answer = administrator.post(page, {"heartbeat_url": watchman.url})
    assert "127.0.0.1 answers 500." in answer.text and "a-key" in answer.text
    assert options.fresh().heartbeat_url == ""
    watchman.answer = 200
    assert administrator.post(page, {"heartbeat_url": watchman.url}).status_code == 302
    assert options.fresh().heartbeat_url == watchman.url
    assert administrator.post(page, {"heartbeat_url": ""}).status_code == 302
    assert options.fresh().heartbeat_url == ""


@pytest.mark.parametrize(
    "wrong",
    ["hc-ping.com/a", "ftp://hc-ping.com", "https://me:pass@hc-ping.com", "https://a b", "http://a..b/", "x" * 600],
)
def test_what_is_no_address_is_refused_by_its_field(administrator, wrong):
    answer = administrator.post(reverse("heartbeat"), {"heartbeat_url": wrong})
    assert answer.status_code == 200 and "is-invalid" in answer.text
    assert options.fresh().heartbeat_url == ""


def test_only_administrators_set_it(stranger, engineer):
    assert stranger.get(reverse("heartbeat")).status_code == 302
    assert engineer.get(reverse("heartbeat")).status_code == 403
    assert engineer.post(reverse("heartbeat"), {"heartbeat_url": ""}).status_code == 403
