"""The invented network as UISP NMS shows it: the objects of /devices, /sites and /data-links (UISP API v2.1)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

from agents.simulated.network import Customer, Device, Network, Site

Json = dict[str, Any]

_NAMESPACE = UUID("6f1b6f2e-5d3b-4f0a-9a58-2f3c0a7d9b11")
# What UISP calls the makers' radios: everything that is not Ubiquiti's is a black box to it.
_TYPES = {"backhaul": "airFiber", "ap": "airFiber", "cpe": "airFiber"}
_ROLES = {"core": "router", "router": "router", "switch": "switch", "backhaul": "ptp", "ap": "ap", "cpe": "station"}
_WIRELESS = ("backhaul", "ap", "cpe")
_PORTS = 5


def uuid_of(network: Network, kind: str, name: str) -> str:
    """The id that UISP gave this thing: always the same, and another one in another network."""
    return str(uuid5(_NAMESPACE, f"{network.seed} {kind} {name}"))


def stamp(moment: datetime) -> str:
    """A time as NMS writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@dataclass(frozen=True)
class View:
    """The network at one moment: `lost` says since when a device is disconnected, None: it never was connected.

    `devices` is how many devices UISP has at least: beyond those of the network, customers have more at home.
    """

    network: Network
    now: datetime
    lost: Mapping[str, datetime | None]
    devices: int = 0

    @cached_property
    def homes(self) -> int:
        """How many devices stand in customers' homes besides their radios."""
        return max(0, self.devices - len(self.network.devices))

    @cached_property
    def sites(self) -> dict[str, Site]:
        """The sites by name."""
        return {site.name: site for site in self.network.sites}

    @cached_property
    def customers(self) -> dict[str, Customer]:
        """The customers by number."""
        return {customer.number: customer for customer in self.network.customers}

    def status(self, device: Device) -> str:
        """What UISP says of a device."""
        return "disconnected" if device.name in self.lost else "active"

    def tower(self, device: Device) -> str | None:
        """The name of the site that a device hangs on."""
        return self.network.device(device.uplink).site if device.uplink else None


def devices(view: View, *, interfaces: bool = False) -> list[Json]:
    """GET /devices."""
    # A network of thousands is asked to look like one: with all its interfaces, an answer of 15 MB.
    detailed = interfaces or view.homes > 0
    rows = [_device(view, device, detailed) for device in view.network.devices]
    customers = view.network.customers
    cpes = [view.network.cpe(customers[index % len(customers)].number) for index in range(view.homes)]
    return rows + [_home(view, cpe, index, detailed) for index, cpe in enumerate(cpes)]


def sites(view: View, *, crm: bool = False) -> list[Json]:
    """GET /sites."""
    # The first device of a site is the one that the others hang on.
    at = {device.site: device for device in reversed(view.network.devices)}
    return [_site(view, site, at[site.name], crm) for site in view.network.sites]


def data_links(view: View) -> list[Json]:
    """GET /data-links."""
    return [_link(view, device) for device in view.network.devices if device.uplink]


def _device(view: View, device: Device, interfaces: bool) -> Json:
    site = view.sites[device.site]
    ours = device.vendor == "Ubiquiti"
    row = {
        "identification": {
            "id": uuid_of(view.network, "device", device.name),
            "site": _reference(view, site, view.status(device)),
            "mac": device.mac,
            "name": device.name,
            "displayName": device.name,
            "hostname": device.name,
            "serialNumber": device.mac.replace(":", "").upper(),
            "model": device.model if ours else "UNKNOWN",
            "modelName": device.model,
            "firmwareVersion": "8.7.14" if ours else None,
            "type": _TYPES.get(device.kind, "blackBox") if ours else "blackBox",
            "category": "wireless" if device.kind in _WIRELESS else "wired",
            "role": _ROLES[device.kind],
            "authorized": True,
            "status": view.status(device),
            "vendor": device.vendor,
            "updated": stamp(view.now),
        },
        "ipAddress": device.address,
    }
    uplink = view.network.device(device.uplink) if device.uplink else None
    return row | _rest(view, device, site, uplink, interfaces)


def _home(view: View, cpe: Device, index: int, interfaces: bool) -> Json:
    """A device in a customer's home: it has a connection to UISP as long as the customer's radio has one."""
    name = f"home-{cpe.customer}-{index // len(view.network.customers) + 1}"
    row = _device(view, cpe, interfaces)
    mac = "06:54:57:" + ":".join(f"{octet:02x}" for octet in index.to_bytes(3, "big"))
    row["identification"] |= {
        "id": uuid_of(view.network, "device", name),
        "mac": mac,
        "name": name,
        "displayName": name,
        "hostname": name,
        "serialNumber": mac.replace(":", "").upper(),
        "model": "ACB-AC",
        "modelName": "airCube AC",
        "type": "airCube",
        "role": "homeWiFi",
        "vendor": "Ubiquiti",
    }
    row["attributes"] = {}
    row["uplinkDevice"] = {"identification": _short(view, cpe)}
    return row | {"ipAddress": f"192.168.{index // 250 % 256}.{index % 250 + 1}"}


def _rest(view: View, device: Device, site: Site, uplink: Device | None, interfaces: bool) -> Json:
    above = {"identification": _short(view, uplink)} if uplink else None
    at_ap = uplink if uplink and device.kind == "cpe" else None
    return {
        "overview": _overview(view, device),
        "attributes": {"ssid": at_ap.name, "apDevice": _short(view, at_ap)} if at_ap else {},
        "uplinkDevice": above,
        "meta": {"alias": None, "maintenance": False, "note": None, "customIpAddress": None},
        "ipAddressList": [],
        "location": {"latitude": site.latitude, "longitude": site.longitude},
        "enabled": True,
        "interfaces": [_interface(device, number) for number in range(_PORTS)] if interfaces else [],
    }


def _overview(view: View, device: Device) -> Json:
    connected = device.name not in view.lost
    seen = view.now - timedelta(seconds=4) if connected else view.lost[device.name]
    # A checksum gives each device numbers of its own, the same ones in every process.
    own = zlib.crc32(device.name.encode())
    return {
        "status": view.status(device),
        "canUpgrade": False,
        "signal": -50 - own % 30 if connected and device.kind in _WIRELESS else None,
        "uptime": 3600 + own % 5_000_000 if connected else None,
        "cpu": own % 40 if connected else None,
        "ram": 20 + own % 50 if connected else None,
        "temperature": None,
        "voltage": None,
        "frequency": 5400 if device.kind in _WIRELESS else None,
        "lastSeen": stamp(seen) if seen else None,
        "createdAt": "2024-02-01T10:00:00.000Z",
        "runningOnBattery": None,
        "outageScore": None,
        "stationsCount": None,
    }


def _interface(device: Device, number: int) -> Json:
    rate = zlib.crc32(f"{device.name} {number}".encode()) % 10_000_000
    names = {"name": f"eth{number}", "displayName": f"eth{number}", "mac": device.mac, "position": number}
    speeds = {"plugged": number == 0, "speed": "auto", "currentSpeed": "1000-full" if number == 0 else None}
    return {
        "identification": names | {"type": "eth", "description": None, "connectedMac": None},
        "addresses": [],
        "status": speeds | {"status": "active" if number == 0 else "disconnected", "description": ""},
        "statistics": {"rxrate": rate, "txrate": rate // 5, "rxbytes": rate * 99, "txbytes": rate * 9, "errors": 0},
        "enabled": True,
        "poe": {"output": "off", "capacities": []},
    }


def _site(view: View, site: Site, device: Device, crm: bool) -> Json:
    parent = view.tower(device) if site.kind == "premises" else None
    reference = _reference(view, site, view.status(device))
    row = {
        "id": reference["id"],
        "identification": reference
        | {
            "suspended": False,
            "updated": stamp(view.now),
            "parent": _reference(view, view.sites[parent], "active") if parent else None,
        },
        "description": {
            "address": f"{site.street}, {site.town}",
            "note": None,
            "contact": {"name": None, "phone": None, "email": None},
            "location": {"longitude": site.longitude, "latitude": site.latitude},
            "deviceListStatus": reference["status"],
            "ucrmId": str(int(device.customer)) if device.customer else None,
            "ipAddresses": [device.address],
        },
        "notifications": {"type": "system", "users": []},
    }
    return row | ({"ucrm": _bound(view, device)} if crm else {})


def _bound(view: View, device: Device) -> Json | None:
    """The CRM objects of a customer's place: their ids are texts here."""
    if not device.customer:
        return None
    customer = view.customers[device.customer]
    client = {"id": str(int(customer.number)), "name": customer.name, "isLead": False}
    service = {"id": str(service_id(customer.number)), "name": "Internet", "status": 1, "tariffId": "1"}
    return {"client": client, "service": service}


def service_id(number: str) -> int:
    """The CRM's id of the service of the customer with this number."""
    return 500_000 + int(number)


def _link(view: View, device: Device) -> Json:
    uplink = view.network.device(str(device.uplink))
    wireless = device.kind in ("backhaul", "cpe") and uplink.kind in ("backhaul", "ap")
    return {
        "id": uuid_of(view.network, "link", device.name),
        "type": "wireless" if wireless else "ethernet",
        "state": "disconnected" if device.name in view.lost else "active",
        "origin": "unms",
        "ssid": uplink.name if wireless else None,
        "frequency": 5400 if wireless else None,
        "signal": _overview(view, device)["signal"] if wireless else None,
        "canDelete": False,
        "from": _end(view, uplink),
        "to": _end(view, device),
    }


def _end(view: View, device: Device) -> Json:
    site = _reference(view, view.sites[device.site], view.status(device))
    identification = _short(view, device) | {"mac": device.mac, "role": _ROLES[device.kind], "siteId": site["id"]}
    return {
        "site": {"identification": site},
        "device": {"identification": identification, "status": view.status(device)},
        "interface": {},
    }


def _short(view: View, device: Device) -> Json:
    return {"id": uuid_of(view.network, "device", device.name), "name": device.name, "model": device.model}


def _reference(view: View, site: Site, status: str) -> Json:
    kind = "endpoint" if site.kind == "premises" else "site"
    return {"id": uuid_of(view.network, "site", site.name), "name": site.name, "status": status, "type": kind}
