"""A server that speaks as UISP does, over rows that a test sets; it may answer anything else instead."""

import json
import threading
from contextlib import suppress
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NMS_KEY, CRM_KEY = "7d1c-nms", "crm-key-1"
# What a fault answers: status, headers, body.
FAULTS = {
    "401": (401, {}, b'{"statusCode":401,"error":"Unauthorized","message":"x"}'),
    "403": (403, {}, b'{"code":403,"message":"x"}'),
    "404": (404, {}, b'{"code":404,"message":"x"}'),
    "429": (429, {"Retry-After": "3"}, b'{"code":429,"message":"Too Many Requests."}'),
    "500": (500, {}, b'{"statusCode":500,"error":"x","message":"x"}'),
    "502": (502, {}, b"<html><h1>502 Bad Gateway</h1></html>"),
    "html": (200, {}, b"<!doctype html><title>Sign in</title>"),
    "shape": (200, {}, b'{"items":[]}'),
    "strangers": (200, {}, b'["a",3,null]'),
    "empty": (200, {}, b"[]"),
}


class Upstream:
    """Rows, and how it answers: `fault` names one of FAULTS, or "silent"; `seconds` is how long it takes."""

    def __init__(self) -> None:
        self.devices, self.clients, self.services = [], [], []
        self.fault, self.seconds = "", 0.0
        self.asked: list[str] = []
        self.now, self.most_at_once = 0, 0
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.open(0)

    def open(self, port: int) -> None:
        """Listen."""
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):
                    upstream.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on."""
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def device(self, name: str, status: str = "active", site: str = "", **fields: object) -> dict:
        """Add a device; its row, to be changed at will."""
        place = {"id": site, "name": f"Place {site}", "type": "endpoint", "status": "active"} if site else None
        identification = {"id": name, "name": name, "mac": "02:00:00:00:00:01", "status": status, "site": place}
        row = {"identification": identification, "overview": {"status": status}, "meta": {"maintenance": False}}
        self.devices.append(row | fields)
        return self.devices[-1]

    def say(self, name: str, status: str) -> None:
        """Give a device another status."""
        row = next(row for row in self.devices if row["identification"]["id"] == name)
        row["identification"]["status"] = row["overview"]["status"] = status

    def service(self, number: int, *, out: bool | None = False, site: str | None = None, **fields: object) -> dict:
        """Add a service."""
        row = {"id": number, "clientId": 1, "status": 1, "name": f"Home {number}", "hasOutage": out}
        self.services.append(row | {"unmsClientSiteId": site} | fields)
        return self.services[-1]

    def client(self, number: int, *, out: bool | None = False, **fields: object) -> dict:
        """Add a client."""
        row = {"id": number, "clientType": 1, "firstName": "Rosa", "lastName": "Field", "hasOutage": out}
        self.clients.append(row | {"isArchived": False, "isLead": False} | fields)
        return self.clients[-1]

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        """Answer one question."""
        with self.lock:
            self.asked.append(to.path)
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
        try:
            status, headers, body = self._reply(to)
        finally:
            with self.lock:
                self.now -= 1
        if not status:
            return
        to.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body)

    def _reply(self, to: BaseHTTPRequestHandler) -> tuple[int, dict, bytes]:
        """Status, headers and body, when it is time; status 0: nothing at all."""
        if self.fault == "silent":
            self.over.wait(60)
            return 0, {}, b""
        self.over.wait(self.seconds)
        return FAULTS.get(self.fault) or self._proper(to)

    def _proper(self, to: BaseHTTPRequestHandler) -> tuple[int, dict, bytes]:
        url = urlsplit(to.path)
        crm = url.path.startswith("/crm/")
        if to.headers.get("X-Auth-App-Key" if crm else "x-auth-token") != (CRM_KEY if crm else NMS_KEY):
            return FAULTS["401"]
        lists = {"/nms/api/v2.1/devices": self.devices, "/crm/api/v1.0/clients": self.clients}
        lists["/crm/api/v1.0/clients/services"] = self.services
        if lists.get(url.path) is None:
            return FAULTS["404"]
        rows, query = deepcopy(lists[url.path]), parse_qs(url.query)
        if crm:
            first = int(query.get("offset", ["0"])[0])
            rows = rows[first : first + int(query.get("limit", ["100"])[0])]
        return 200, {"Content-Type": "application/json"}, json.dumps(rows).encode()

    def polls(self) -> int:
        """How often the devices were asked for."""
        return sum(path.startswith("/nms/api/v2.1/devices") for path in self.asked)

    def end(self) -> None:
        """Let everybody go."""
        self.over.set()
        with suppress(OSError):
            self.close()
