"""The HTTP side of the invented UISP: takes requests, sends answers, at once, slowly or never."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_SILENCE = 600.0
_PIECES = 50
_WORTH_PACKING = 1400


@dataclass(frozen=True)
class Request:
    """What somebody asks."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What is sent back: its bytes spread over so many seconds; `silent` sends nothing at all."""

    status: int
    body: bytes
    type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    silent: bool = False


class Listener(ThreadingHTTPServer):
    """Listens on a loopback port; each caller has a thread. Setting `changed` ends what is slow or silent."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, ask: Callable[[Request], Answer]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.ask = ask
        self.changed = threading.Event()
        # A short interval makes it stop within an instant.
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="simulated-uisp", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody and close the port."""
        self.changed.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nginx", ""
    timeout = 30

    def do_GET(self) -> None:
        # Whoever has hung up meanwhile does not need the rest.
        with suppress(ConnectionError, TimeoutError):
            self._reply()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the process that runs the network prints one line only."""

    def _reply(self) -> None:
        url = urlsplit(self.path)
        changed = self.server.changed
        answer = self.server.ask(Request(self.command, url.path, parse_qs(url.query), dict(self.headers.items())))
        self.close_connection = True
        if answer.silent:
            changed.wait(_SILENCE)
            return
        body, headers = self._packed(answer)
        self.send_response(answer.status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(body, answer.seconds, changed)

    def _packed(self, answer: Answer) -> tuple[bytes, dict[str, str]]:
        headers = {"Content-Type": answer.type, **answer.headers}
        if len(answer.body) < _WORTH_PACKING or "gzip" not in self.headers.get("Accept-Encoding", ""):
            return answer.body, headers
        return gzip.compress(answer.body, 1), headers | {"Content-Encoding": "gzip"}

    def _send(self, body: bytes, seconds: float, changed: threading.Event) -> None:
        if not seconds:
            self.wfile.write(body)
            return
        step = len(body) // _PIECES + 1
        for start in range(0, len(body), step):
            if changed.wait(seconds * step / len(body)):
                return
            self.wfile.write(body[start : start + step])
