"""A real HTTP server on loopback that answers as a test says, keeps what came, and plays webhooks and SMS providers."""

import http.server
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

ACCOUNT = "AC0123456789"


@dataclass
class Came:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Answering:
    """`status`, `headers` and `body` answer everything; `slow` waits so many seconds first, `drip` never ends."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self.status, self.headers, self.body = 200, {}, b""
        self.slow, self.drip = 0.0, False
        self.url = ""

    def refuse(self, status: int, code: int, message: str = "no") -> None:
        """As Twilio words an error."""
        self.status, self.body = status, json.dumps({"code": code, "message": message, "status": status}).encode()


@contextmanager
def answering(tls: ssl.SSLContext | None = None) -> Iterator[Answering]:
    """The server, for as long as the block."""
    given = Answering()

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            given.came.append(Came(self.command, self.path, headers, body))
            time.sleep(given.slow)
            self.send_response(given.status)
            for name, value in {"Content-Length": str(len(given.body)), **given.headers}.items():
                self.send_header(name, value)
            if given.drip:
                self.flush_headers()
                drip(self.wfile)
                return
            self.end_headers()
            self.wfile.write(given.body)

        do_POST = do_GET = do_PUT = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    given.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield given
    finally:
        server.shutdown()
        server.server_close()


def drip(out: Any) -> None:
    """One octet of a header now and then, without end."""
    while True:
        try:
            out.write(b"x")
            out.flush()
        except OSError:
            return
        time.sleep(0.05)


def twilio(url: str, **more: Any) -> dict[str, Any]:
    """The setting SMS for a provider at this address that speaks as Twilio does."""
    return gateway(url, provider="twilio", sid=ACCOUNT, token="secret", sender="+12015550100", **more)


def gateway(url: str, **more: Any) -> dict[str, Any]:
    """The setting SMS for a gateway at this address."""
    fields = {"to": "{to}", "body": "{text}"}
    usual = {"provider": "gateway", "sender": "", "region": "US", "sid": "", "token": "", "url": url}
    return {**usual, "method": "POST", "as": "form", "fields": fields, "headers": {}, **more}
