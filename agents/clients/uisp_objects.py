"""What UISP knows, as far as we read it: NMS objects (UISP API v2.1) and CRM objects (CRM API v1.0).

Everything but an id may be empty: a disconnected device sends nulls. `raw` is the object as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agents.clients.shapes import Fields

# UISP API v2.1 also knows inactive, unknown, unauthorized, maintenance and others: none of them says "down".
_UP = {"active": True, "disconnected": False}
_COMPANY = 2
_ACTIVE_SERVICE = 1


def _raw() -> Any:
    return field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class UispDevice:
    """A device. Its status is that of its own connection to UISP: disconnected does not prove a customer dark.

    `signal` is in dBm, `uptime` in seconds.
    """

    id: str
    name: str
    mac: str
    vendor: str
    model: str
    type: str
    role: str
    status: str
    authorized: bool | None
    maintenance: bool
    address: str
    site_id: str
    access_point_id: str
    uplink_id: str
    signal: float | None
    uptime: int | None
    on_battery: bool | None
    last_seen: datetime | None
    latitude: float | None
    longitude: float | None
    raw: Mapping[str, Any] = _raw()

    @property
    def up(self) -> bool | None:
        """Whether UISP has a connection to it; None where its status says neither."""
        return _UP.get(self.status)


@dataclass(frozen=True, slots=True)
class UispSite:
    """A place: type "site" is a tower or a POP, "endpoint" the place of one customer's service."""

    id: str
    name: str
    type: str
    status: str
    suspended: bool
    parent_id: str
    address: str
    latitude: float | None
    longitude: float | None
    crm_client_id: int | None
    crm_service_id: int | None
    raw: Mapping[str, Any] = _raw()

    @property
    def up(self) -> bool | None:
        """Whether its devices are connected; None for inactive and unknown, which most towers are on some networks."""
        return _UP.get(self.status)


@dataclass(frozen=True, slots=True)
class UispLink:
    """What connects two ends; either end may lack its device or its site."""

    id: str
    type: str
    state: str
    from_device: str
    from_site: str
    to_device: str
    to_site: str
    signal: float | None
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, slots=True)
class UispContact:
    """How to reach a client: `general` for notices such as outages, `billing` for invoices."""

    name: str
    email: str
    phone: str
    general: bool
    billing: bool


@dataclass(frozen=True, slots=True)
class UispClient:
    """A customer; a company has its contact person in `contact_name`. `has_outage` derives from device status."""

    id: int
    number: str
    name: str
    contact_name: str
    company: bool
    is_lead: bool
    is_archived: bool
    has_outage: bool | None
    suspended: bool
    street: str
    city: str
    postal_code: str
    latitude: float | None
    longitude: float | None
    contacts: tuple[UispContact, ...]
    tags: tuple[str, ...]
    note: str
    raw: Mapping[str, Any] = _raw()


@dataclass(frozen=True, slots=True)
class UispService:
    """What a client has; `site_id` is the NMS site at which it is delivered. Speeds are in Mbit/s."""

    id: int
    client_id: int
    name: str
    plan: str
    status: int | None
    has_outage: bool | None
    site_id: str
    site_status: str
    street: str
    city: str
    latitude: float | None
    longitude: float | None
    download: float | None
    upload: float | None
    active_from: datetime | None
    active_to: datetime | None
    raw: Mapping[str, Any] = _raw()

    @property
    def active(self) -> bool:
        """Whether the client should have it now (CRM API v1.0: status 1)."""
        return self.status == _ACTIVE_SERVICE


def device(fields: Fields) -> UispDevice:
    """GET /devices, one row."""
    return UispDevice(
        id=fields.needed_text("identification", "id"),
        name=fields.text("identification", "displayName") or fields.text("identification", "name"),
        mac=fields.text("identification", "mac").lower(),
        vendor=fields.text("identification", "vendor"),
        model=fields.text("identification", "modelName") or fields.text("identification", "model"),
        type=fields.text("identification", "type"),
        role=fields.text("identification", "role"),
        status=(fields.text("identification", "status") or fields.text("overview", "status")).lower(),
        authorized=fields.flag("identification", "authorized"),
        maintenance=fields.flag("meta", "maintenance") is True,
        address=fields.address("ipAddress"),
        site_id=fields.text("identification", "site", "id"),
        access_point_id=fields.text("attributes", "apDevice", "id"),
        uplink_id=fields.text("uplinkDevice", "identification", "id"),
        signal=fields.number("overview", "signal"),
        uptime=fields.whole("overview", "uptime"),
        on_battery=fields.flag("overview", "runningOnBattery"),
        last_seen=fields.time("overview", "lastSeen"),
        latitude=fields.degrees(90, "location", "latitude"),
        longitude=fields.degrees(180, "location", "longitude"),
        raw=fields.raw,
    )


def site(fields: Fields) -> UispSite:
    """GET /sites, one row: the ids of CRM objects are texts here and numbers in CRM."""
    return UispSite(
        id=fields.needed_text("identification", "id"),
        name=fields.text("identification", "name"),
        type=fields.text("identification", "type"),
        status=fields.text("identification", "status").lower(),
        suspended=fields.flag("identification", "suspended") is True,
        parent_id=fields.text("identification", "parent", "id"),
        address=fields.text("description", "address"),
        latitude=fields.degrees(90, "description", "location", "latitude"),
        longitude=fields.degrees(180, "description", "location", "longitude"),
        crm_client_id=fields.whole("ucrm", "client", "id") or fields.whole("description", "ucrmId"),
        crm_service_id=fields.whole("ucrm", "service", "id"),
        raw=fields.raw,
    )


def link(fields: Fields) -> UispLink:
    """GET /data-links, one row."""
    return UispLink(
        id=fields.needed_text("id"),
        type=fields.text("type"),
        state=fields.text("state").lower(),
        from_device=fields.text("from", "device", "identification", "id"),
        from_site=fields.text("from", "site", "identification", "id"),
        to_device=fields.text("to", "device", "identification", "id"),
        to_site=fields.text("to", "site", "identification", "id"),
        signal=fields.number("signal"),
        raw=fields.raw,
    )


def client(fields: Fields) -> UispClient:
    """GET /clients, one row (CRM)."""
    client_id = fields.needed_whole("id")
    name, contact_name, company = _names(fields, client_id)
    return UispClient(
        id=client_id,
        number=fields.text("userIdent"),
        name=name,
        contact_name=contact_name,
        company=company,
        is_lead=fields.flag("isLead") is True,
        is_archived=fields.flag("isArchived") is True,
        has_outage=fields.flag("hasOutage"),
        suspended=fields.flag("hasSuspendedService") is True,
        street=_street(fields),
        city=fields.text("city"),
        postal_code=fields.text("zipCode"),
        latitude=fields.degrees(90, "addressGpsLat"),
        longitude=fields.degrees(180, "addressGpsLon"),
        contacts=tuple(_contact(each) for each in fields.objects("contacts")),
        tags=tuple(tag for each in fields.objects("tags") if (tag := each.text("name"))),
        note=fields.text("note"),
        raw=fields.raw,
    )


def service(fields: Fields) -> UispService:
    """GET /clients/services, one row (CRM)."""
    return UispService(
        id=fields.needed_whole("id"),
        client_id=fields.needed_whole("clientId"),
        name=fields.text("name") or fields.text("servicePlanName"),
        plan=fields.text("servicePlanName"),
        status=fields.whole("status"),
        has_outage=fields.flag("hasOutage"),
        site_id=fields.text("unmsClientSiteId"),
        site_status=fields.text("unmsClientSiteStatus").lower(),
        street=_street(fields),
        city=fields.text("city"),
        latitude=fields.degrees(90, "addressGpsLat"),
        longitude=fields.degrees(180, "addressGpsLon"),
        download=fields.number("downloadSpeed"),
        upload=fields.number("uploadSpeed"),
        active_from=fields.time("activeFrom"),
        active_to=fields.time("activeTo"),
        raw=fields.raw,
    )


def _names(fields: Fields, client_id: int) -> tuple[str, str, bool]:
    """What the client is called, who speaks for it, whether it is a company."""
    person = _joined(fields, "firstName", "lastName")
    company = fields.text("companyName")
    speaks = _joined(fields, "companyContactFirstName", "companyContactLastName") or person
    if fields.whole("clientType") == _COMPANY:
        return company or speaks or f"Client {client_id}", speaks, True
    return person or company or f"Client {client_id}", "" if person else speaks, False


def _joined(fields: Fields, *names: str) -> str:
    return " ".join(part for name in names if (part := fields.text(name)))


def _street(fields: Fields) -> str:
    return ", ".join(part for name in ("street1", "street2") if (part := fields.text(name)))


def _contact(fields: Fields) -> UispContact:
    return UispContact(
        name=fields.text("name"),
        email=fields.text("email"),
        phone=fields.text("phone"),
        general=fields.flag("isContact") is True,
        billing=fields.flag("isBilling") is True,
    )
