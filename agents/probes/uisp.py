"""UISP: what it says of its devices, services and clients. One poll asks for all of them, whatever their number."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Generic

from agents.clients.faults import FaultKind, UpstreamFault
from agents.clients.shapes import RowFault, Rows, RowT
from agents.clients.uisp import Uisp
from agents.clients.uisp_objects import UispClient, UispDevice, UispService
from agents.probes.readings import Option, Reading, Target, UpstreamError

# Statuses of a service (CRM API v1.0) that is not delivered, so that its outage is nobody's.
_SERVICES = {
    0: "prepared",
    2: "ended",
    3: "suspended",
    4: "blocked",
    5: "obsolete",
    6: "deferred",
    7: "quoted",
    8: "inactive",
}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A source as its targets carry it.

    `seconds` is how long one poll may take before it is given up, `interval` how long before its answer is too old to
    be believed, `refuse` says why an IP address is not to be asked.
    """

    url: str
    nms_key: str = field(default="", repr=False)
    crm_key: str = field(default="", repr=False)
    verify_tls: bool = True
    seconds: float = 60.0
    interval: float = 60.0
    refuse: Callable[[str], str | None] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a source says of one target: up, down or neither, why, and the objects that it sent."""

    up: bool | None
    message: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


class UispProbe:
    """Read the state of devices (NMS), of services and of clients (CRM).

    The options of a target are `upstream` (an Upstream, the same one for all), `kind` ("device", "service" or
    "connection"), `id` (what UISP calls it), `home` (is it a customer's own device?) and `client` (the id of that
    customer, where there is one).
    """

    label: ClassVar[str] = "UISP"
    options: ClassVar[Sequence[Option]] = ()
    try_seconds: ClassVar[float] = 60.0
    of_source: ClassVar[bool] = True

    def probe(self, targets: Sequence[Target]) -> list[Reading]:
        """One Reading per target, in their order, all asked at the same moment.

        What the answer does not name, names twice or says in a wrong shape reads `up=None`. Raises UpstreamError
        where UISP does not give the whole answer, or not in time: then nothing is known of any target.
        """
        asked_at, upstream = time.time(), next(map(_upstream, targets), None)
        if upstream is None:
            return [Reading(target.key, None, asked_at, message="it belongs to no source") for target in targets]
        answer = _fetch(upstream)
        answer.must_name(target.options.get("kind") for target in targets)
        answer.explain(target.options for target in targets)
        return [_reading(target, answer, upstream, asked_at) for target in targets]


def _upstream(target: Target) -> Upstream | None:
    found = target.options.get("upstream")
    return found if isinstance(found, Upstream) else None


def _reading(target: Target, answer: Answer, upstream: Upstream, asked_at: float) -> Reading:
    if _upstream(target) != upstream:
        return Reading(target.key, None, asked_at, message="it belongs to another source")
    verdict = answer.verdict(target.options)
    return Reading(target.key, verdict.up, asked_at, values=verdict.values, message=verdict.message)


def _fetch(upstream: Upstream) -> Answer:
    if not (upstream.nms_key or upstream.crm_key):
        raise UpstreamError("settings", "it has no key that can be read")
    began = time.monotonic()
    try:
        uisp = Uisp(
            upstream.url,
            upstream.nms_key,
            upstream.crm_key,
            upstream.verify_tls,
            upstream.seconds,
            ends=began + upstream.seconds,
            refuse=upstream.refuse,
        )
        devices = _in_time(upstream, began, uisp.devices) if upstream.nms_key else None
        clients = _in_time(upstream, began, uisp.clients) if upstream.crm_key else None
        services = _where_there_are(partial(_in_time, upstream, began, uisp.services)) if upstream.crm_key else None
    except UpstreamFault as fault:
        raise UpstreamError(fault.kind.value, fault.text, fault.retry_after) from None
    except ValueError as fault:
        raise UpstreamError("settings", f"it cannot be asked: {fault}") from None
    return Answer(devices, clients, services)


def _in_time(upstream: Upstream, began: float, ask: Callable[[], Rows[RowT]]) -> Rows[RowT]:
    """A list; UpstreamError where it comes after the next poll was due: then no other is asked for."""
    rows = ask()
    took = time.monotonic() - began
    if took > upstream.interval:
        raise UpstreamError("slow", f"it answered after {took:.1f} s, and is asked every {upstream.interval:g} s")
    return rows


def _where_there_are(services: Callable[[], Rows[UispService]]) -> Rows[UispService] | None:
    """The services; None from a server that has no such list."""
    try:
        return services()
    except UpstreamFault as fault:
        if fault.kind is FaultKind.MISSING:
            return None
        raise


class Known(Generic[RowT]):
    """The rows of one list by their id; of a row with a fault that dropped it, or with a twin, only the fault."""

    def __init__(self, what: str, rows: Rows[RowT] | None) -> None:
        self.what, self.asked = what, rows is not None
        self.faults = _dropped(rows.faults) if rows else {}
        self.rows = {key: row for row in rows.rows if (key := str(row.id)) not in self.faults} if rows else {}

    def why_not(self, key: str) -> str:
        """Why nothing is known of what has this id."""
        if not self.asked:
            return f"UISP does not tell us its {self.what}s"
        if fault := self.faults.get(key):
            return f"UISP's answer for this {self.what} cannot be read: {fault}"
        return f"UISP's answer does not name this {self.what}"


def _dropped(faults: Iterable[RowFault]) -> dict[str, str]:
    return {str(fault.id): fault.text for fault in faults if fault.dropped and fault.id is not None}


class Answer:
    """Everything that one poll brought. A list is None where there is no key for it."""

    def __init__(
        self,
        devices: Rows[UispDevice] | None,
        clients: Rows[UispClient] | None,
        services: Rows[UispService] | None,
    ) -> None:
        self.devices, self.clients = Known("device", devices), Known("client", clients)
        self.services = Known("service", services)
        self.dark = _dark_places(self.services.rows.values())
        self.dark_clients: dict[str, UispClient] = {}

    def must_name(self, kinds: Iterable[Any]) -> None:
        """Raise UpstreamError where a list of what is followed is empty or gone: that is not to be believed."""
        lists: dict[str, Known[Any]] = {"device": self.devices, "service": self.services, "connection": self.clients}
        followed = {*kinds}
        for known in (lists[kind] for kind in lists if kind in followed):
            if known.asked and not (known.rows or known.faults):
                raise UpstreamError(FaultKind.SHAPE.value, f"its list of {known.what}s is empty")
        if "service" in followed and self.clients.asked and not self.services.asked:
            raise UpstreamError(FaultKind.MISSING.value, "it has no list of services any more")

    def explain(self, targets: Iterable[Mapping[str, Any]]) -> None:
        """Find the clients with an outage that no service and no device of theirs tells of: all that they have is out.

        CRM API v1.0 has the flag of a client for any of its devices; which one, its services and NMS say, if asked.
        """
        out = {str(client.id): client for client in self.clients.rows.values() if _client(client).up is False}
        told = {str(service.client_id) for service in self.services.rows.values() if service.has_outage}
        for options in targets if out else ():
            if options.get("kind") == "device" and options.get("client"):
                device = self.devices.rows.get(str(options.get("id")))
                told |= set() if device and device.up else {str(options["client"])}
        self.dark_clients = {client: row for client, row in out.items() if client not in told}

    def verdict(self, options: Mapping[str, Any]) -> Verdict:
        """What it says of a target with these options."""
        key = str(options.get("id", ""))
        match options.get("kind"):
            case "device":
                device = self.devices.rows.get(key)
                return self._device(device, options) if device else Verdict(None, self.devices.why_not(key))
            case "service":
                service = self.services.rows.get(key)
                return self._service(service) if service else Verdict(None, self.services.why_not(key))
            case "connection":
                client = self.clients.rows.get(key)
                return _client(client) if client else Verdict(None, self.clients.why_not(key))
        return Verdict(None, "UISP has no state for this kind of thing")

    def _device(self, device: UispDevice, options: Mapping[str, Any]) -> Verdict:
        values: dict[str, Any] = {"device": device.raw}
        if device.maintenance or device.authorized is False:
            return Verdict(None, f"UISP says {'maintenance' if device.maintenance else 'not authorized'}", values)
        if device.up is None:
            return Verdict(None, f"UISP says {device.status or 'nothing'}", values)
        if not device.up:
            return Verdict(False, "UISP says disconnected", values)
        if options.get("home") and (service := self.dark.get(device.site_id)):
            words = f"UISP says connected, and that the service {service.name or service.id} has an outage"
            return Verdict(False, words, values | {"service": service.raw})
        if options.get("home") and (client := self.dark_clients.get(str(options.get("client")))):
            words = "UISP says connected, and that the client has an outage"
            return Verdict(False, words, values | {"client": client.raw})
        return Verdict(True, "", values)

    def _service(self, service: UispService) -> Verdict:
        said, client = _service(service), self.dark_clients.get(str(service.client_id))
        if client and service.active:
            return Verdict(False, "UISP says that the client has an outage", {**said.values, "client": client.raw})
        return said


def _dark_places(services: Collection[UispService]) -> dict[str, UispService]:
    """The services with an outage by the NMS site at which they are delivered."""
    return {row.site_id: row for row in services if row.site_id and row.active and row.has_outage}


def _service(service: UispService) -> Verdict:
    values = {"service": service.raw}
    if not service.active:
        state = _SERVICES.get(service.status or 0, "not active") if service.status is not None else "of no known state"
        return Verdict(None, f"UISP says that the service is {state}", values)
    return _outage(service.has_outage, "service", values)


def _client(client: UispClient) -> Verdict:
    values = {"client": client.raw}
    for holds, state in ((client.is_archived, "archived"), (client.is_lead, "a lead"), (client.suspended, "suspended")):
        if holds:
            return Verdict(None, f"UISP says that the client is {state}", values)
    return _outage(client.has_outage, "client", values)


def _outage(has_outage: bool | None, what: str, values: Mapping[str, Any]) -> Verdict:
    if has_outage is None:
        return Verdict(None, f"UISP does not say whether the {what} has an outage", values)
    return Verdict(not has_outage, f"UISP says that the {what} has an outage" if has_outage else "", values)
