"""A server that speaks as UISP does, with the invented network behind it: NMS (UISP API v2.1) and CRM (CRM API v1.0).

What fails in the network is disconnected here. It can play the faults of such servers, and their odd data.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from agents.simulated import uisp_crm, uisp_nms, uisp_odd
from agents.simulated.devices import DeviceError, Devices
from agents.simulated.uisp_http import Answer, Listener, Request
from agents.simulated.uisp_nms import Json, View

# Not secrets: they open the invented network only.
DEMO_NMS = "11111111-demo-4nms-8key-000000000001"
DEMO_CRM = "demo-crm-app-key"
SLOW = 20.0
_NMS, _CRM = "/nms/api/v2.1", "/crm/api/v1.0"
_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}
_CRM_MESSAGES = {401: "User authentication failed.", 404: "Object is not found."}
_PAGE = "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
FAULTS = ("none", "timeout", "401", "403", "429", "429-date", "500", "502", "html", "shape", "slow", "off")


class UispServer:
    """UISP over the devices of a network, on a port of 127.0.0.1 (0: a free one).

    `odd` gives the oddities of real data, `least` is how many devices it has at least. All methods may be called
    from any thread.
    """

    def __init__(
        self, devices: Devices, port: int = 0, *, odd: bool = False, least: int = 0, slow: float = SLOW
    ) -> None:
        self._devices, self._odd, self._least, self._slow = devices, odd, least, slow
        self._lost: dict[str, datetime | None] = {}
        self._lock = threading.Lock()
        self.fault = "none"
        self.calls = 0
        self._listener: Listener | None = _listen(port, self._ask)
        self.port: int = self._listener.server_address[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Close it; a later fault "none" would open it again."""
        self.play("off")

    def play(self, fault: str) -> None:
        """Have this fault from now on; callers who wait for an earlier one are hung up on. LookupError names it."""
        if fault not in FAULTS:
            raise LookupError(f"UISP has no fault {fault!r}: choose from {', '.join(FAULTS)}")
        with self._lock:
            listener, self._listener = self._listener, None
            if listener and fault == "off":
                listener.stop()
            elif listener:
                listener.changed.set()
                listener.changed = threading.Event()
            if fault != "off":
                self._listener = listener or _listen(self.port, self._ask)
            self.fault = fault

    def status(self) -> dict[str, Any]:
        """Where it is, what it plays, how often it was asked."""
        return {"port": self.port, "fault": self.fault, "calls": self.calls}

    def view(self) -> View:
        """The network as UISP sees it now."""
        now = datetime.now(UTC)
        with self._lock:
            down = self._devices.failed | self._devices.unreachable().keys()
            self._lost = {name: self._lost.get(name, now) for name in down}
            lost = self._lost | dict.fromkeys(self._devices.network.never_online)
        return View(self._devices.network, now, lost, self._least)

    def _ask(self, request: Request) -> Answer:
        self.calls += 1
        fault = self.fault
        if fault in ("none", "slow"):
            answer = self._answer(request)
            return Answer(answer.status, answer.body, seconds=self._slow) if fault == "slow" else answer
        return _fault(fault, crm=request.path.startswith(_CRM))

    def _answer(self, request: Request) -> Answer:
        crm = request.path.startswith(_CRM)
        base, routes = (_CRM, self._crm_routes()) if crm else (_NMS, self._nms_routes())
        if not _admitted(request, crm=crm):
            return _refusal(401, crm=crm)
        if request.method != "GET":
            return _refusal(403, crm=crm)
        route = routes.get(request.path.removeprefix(base)) if request.path.startswith(base) else None
        try:
            return _json(route(request)) if route else _refusal(404, crm=crm)
        except ValueError:
            return _refusal(400, crm=crm)

    def _nms_routes(self) -> dict[str, Callable[[Request], Any]]:
        source = uisp_odd if self._odd else None
        devices = source.odd_devices if source else uisp_nms.devices
        sites = source.odd_sites if source else uisp_nms.sites
        return {
            "/devices": lambda request: _at_site(
                devices(self.view(), interfaces=_says(request, "withInterfaces", "true")), request
            ),
            "/sites": lambda request: _of_type(sites(self.view(), crm=_says(request, "ucrmDetails", "true")), request),
            "/data-links": lambda request: uisp_nms.data_links(self.view()),
            "/nms/version": lambda request: {"version": "2.4.93", "deployment": "demo"},
        }

    def _crm_routes(self) -> dict[str, Callable[[Request], Any]]:
        clients = uisp_odd.odd_clients if self._odd else uisp_crm.clients
        services = uisp_odd.odd_services if self._odd else uisp_crm.services
        return {
            "/clients": lambda request: _page(_clients(clients(self.view()), request), request),
            "/clients/services": lambda request: _page(_services(services(self.view()), request), request),
            "/version": lambda request: {"version": "4.4.30"},
        }


def _listen(port: int, ask: Callable[[Request], Answer]) -> Listener:
    try:
        return Listener(port, ask)
    except (OSError, OverflowError) as error:
        raise DeviceError(f"UISP cannot listen on 127.0.0.1:{port}: {error}") from error


def _admitted(request: Request, *, crm: bool) -> bool:
    """Whether a key is right: some versions of CRM take the token of NMS as well, never the other way."""
    given = {name.lower(): value for name, value in request.headers.items()}
    token = given.get("x-auth-token") == DEMO_NMS
    return token or (crm and given.get("x-auth-app-key") == DEMO_CRM)


def _fault(fault: str, *, crm: bool) -> Answer:
    later = {"429": "30", "429-date": "Wed, 01 Jan 2098 00:00:00 GMT"}
    if fault == "timeout":
        return Answer(0, b"", silent=True)
    if fault in later:
        refusal = _refusal(429, crm=crm)
        return Answer(429, refusal.body, headers={"Retry-After": later[fault]})
    if fault == "502":
        return Answer(502, _PAGE.format("502 Bad Gateway").encode(), "text/html")
    if fault == "html":
        return Answer(200, _PAGE.format("UISP").encode(), "text/html")
    return _json({"items": [], "pagination": {}}) if fault == "shape" else _refusal(int(fault), crm=crm)


def _refusal(status: int, *, crm: bool) -> Answer:
    """An error in the words of the API: NMS and CRM have different shapes."""
    reason = _REASONS.get(status, "Too Many Requests")
    if crm:
        return _json({"code": status, "message": _CRM_MESSAGES.get(status, f"{reason}.")}, status)
    return _json({"statusCode": status, "error": reason, "message": reason}, status)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode())


def _asked(request: Request, name: str) -> str | None:
    return request.query.get(name, [None])[-1]


def _says(request: Request, name: str, value: str) -> bool:
    return _asked(request, name) == value


def _at_site(rows: list[Any], request: Request) -> list[Any]:
    site = _asked(request, "siteId")
    if not site:
        return rows
    # Odd rows may lack all of it.
    places = [((row or {}).get("identification") or {}).get("site") or {} for row in rows]
    return [row for row, place in zip(rows, places, strict=True) if place.get("id") == site]


def _of_type(rows: list[Json], request: Request) -> list[Json]:
    kind = _asked(request, "type")
    # UISP API v2.1 takes client and subscriber for endpoint.
    wanted = "endpoint" if kind in ("client", "subscriber") else kind
    return [row for row in rows if wanted is None or row["identification"]["type"] == wanted]


def _clients(rows: list[Json], request: Request) -> list[Json]:
    lead, archived = _asked(request, "lead"), _asked(request, "isArchived") == "1"
    rows = [row for row in rows if row["isArchived"] == archived]
    return rows if lead is None else [row for row in rows if row["isLead"] == (lead == "1")]


def _services(rows: list[Json], request: Request) -> list[Json]:
    client, outage = _asked(request, "clientId"), _says(request, "hasOutage", "1")
    return [
        row for row in rows if (client is None or str(row["clientId"]) == client) and (row["hasOutage"] or not outage)
    ]


def _page(rows: list[Json], request: Request) -> list[Json]:
    """A page of a list: CRM tells no total."""
    limit, offset = _asked(request, "limit"), int(_asked(request, "offset") or 0)
    return rows[offset : offset + int(limit)] if limit else rows[offset:]
