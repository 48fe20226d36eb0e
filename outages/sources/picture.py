"""The lists of a source drawn together: its towers, customers and equipment as rows of ours, and what is odd. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address, ip_address
from typing import Any

from agents.clients.shapes import Fields, Rows
from agents.clients.uisp_objects import UispClient, UispDevice, UispService, UispSite
from customers.equipment.models import Kind, bare_mac
from outages.sources import hanging, people
from outages.sources.places import HOMES, Places, Unclear
from outages.sources.rows import CLIENT, CONNECTION, DEVICE, SERVICE, SITE, Answer, Picture, Row, Seen, cut, few

# UISP API v2.1, identification.role; what is not here is told by its type, and by where it stands.
ROLES = {
    "ap": Kind.AP,
    "gateway": Kind.ROUTER,
    "router": Kind.ROUTER,
    "switch": Kind.SWITCH,
    "ptp": Kind.PTP,
    "station": Kind.CPE,
    "homeWiFi": Kind.CPE,
}
TYPES = {
    "erouter": Kind.ROUTER,
    "uispr": Kind.ROUTER,
    "eswitch": Kind.SWITCH,
    "uisps": Kind.SWITCH,
    "toughSwitch": Kind.SWITCH,
    "airFiber": Kind.PTP,
    "olt": Kind.AP,
    "onu": Kind.CPE,
    "airCube": Kind.CPE,
}
# Seen on the network, and nobody's yet.
NOT_ADOPTED = ("proposed", "discovered", "unauthorized", "preregistration")


def draw(answer: Answer) -> Picture:
    """All of an answer."""
    picture, places = Picture(), Places(answer)
    adopted = [device for device in (answer.devices.rows if answer.devices else ()) if not _is_strange(device)]
    picture.sites = [_tower(site) for site in places.sites.values() if site.id not in places.homes]
    picture.customers = [_customer(one, places) for one in places.clients.values()]
    picture.customers += people.of_places(site for site in places.unbound() if not people.is_lead(site))
    devices = Devices(adopted, places, answer)
    picture.equipment = [devices.row(device) for device in adopted]
    picture.equipment += _connections(picture, places, devices)
    _count(picture, places, answer, adopted)
    _see(picture, places, answer, adopted)
    for rows in (picture.sites, picture.customers, picture.equipment):
        picture.dropped += [f"{row.label}: its id is longer than any of ours may be" for row in rows if row.is_too_long]
        rows[:] = [row for row in rows if not row.is_too_long]
    picture.conflicts = [*_conflicts(picture, places, adopted), *answer.faults, *picture.conflicts]
    return picture


def _is_strange(device: UispDevice) -> bool:
    return device.authorized is False or device.status in NOT_ADOPTED


def _tower(site: UispSite) -> Row:
    values: dict[str, Any] = {"name": cut(site.name, 112) or f"Site {site.id[:8]}"}
    values |= {"street": cut(site.address, 200), "latitude": site.latitude, "longitude": site.longitude}
    return Row(SITE, site.id, values["name"], {name: value for name, value in values.items() if value is not None})


def _customer(client: UispClient, places: Places) -> Row:
    row = people.of_client(client, places.services[client.id])
    row.once = [(SITE, home) for home in places.homes_of[client.id]]
    return row


class Devices:
    """Devices as equipment."""

    def __init__(self, devices: list[UispDevice], places: Places, answer: Answer) -> None:
        self.places = places
        self.by_id = {device.id: device for device in devices}
        self.uplinks, self.told, self.carriers = hanging.hang(
            devices, places.sites, answer.links.rows if answer.links else ()
        )
        self.of: dict[str, list[UispDevice]] = defaultdict(list)
        for device in devices:
            client = places.client_at(device.site_id)
            if client is not None:
                self.of[str(client)].append(device)

    def row(self, device: UispDevice) -> Row:
        """One device. What it does not say while it is lost is not known, and takes nothing away."""
        fields = Fields(device.raw)
        name = device.name or fields.text("identification", "hostname") or device.mac or f"Device {device.id[:8]}"
        kind = self.kind(device)
        said = {
            "name": cut(device.name, 120),
            "kind": kind.value if kind else "",
            "vendor": cut(device.vendor, 60),
            "model": cut(device.model, 80),
            "serial": cut(fields.text("identification", "serialNumber"), 80),
            "mac": mac_of(device.mac),
            "address": _plain(device.address),
        }
        row = Row(DEVICE, device.id, cut(name, 120), {column: value for column, value in said.items() if value})
        row.at_first = {"name": row.label, "kind": (_by_role(device) or Kind.OTHER).value}
        row.points = _points(self.places, device.site_id) if device.site_id or device.up else {}
        upper = self.uplinks.get(device.id)
        row.above = (DEVICE, upper) if upper else None
        row.told = device.id in self.told and device.up is True
        row.down = device.up is False and not device.maintenance
        return row

    def kind(self, device: UispDevice) -> Kind | None:
        """What it is: whatever stands at a customer's is the customer's alone; a station may be half of a link.

        None where that is not known this time, as where it stands or at which AP it is are not said.
        """
        place = self.places.sites.get(device.site_id)
        sort = place.type if place else Fields(device.raw).text("identification", "site", "type")
        if sort in HOMES:
            return Kind.CPE
        if not sort and (device.site_id or not device.up):
            return None
        above = self.by_id.get(device.access_point_id)
        if device.role == "station" and device.site_id and (above is None or above.site_id != device.site_id):
            return Kind.PTP if above and above.site_id else None
        return _by_role(device)


def _by_role(device: UispDevice) -> Kind | None:
    return ROLES.get(device.role) or TYPES.get(device.type) or (Kind.OTHER if device.role else None)


def _points(places: Places, site_id: str) -> dict[str, Any]:
    points: dict[str, Any] = {}
    for column, ask in (("site_id", places.tower), ("customer_id", places.owner)):
        try:
            points[column] = ask(site_id)
        except Unclear:
            continue
    return points


def _plain(address: str) -> str:
    """An IPv4 address that came as IPv6 as what it is, which is how it is stored."""
    found = ip_address(address) if address else None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or address).partition("%")[0]


def mac_of(text: str) -> str:
    """A MAC as it is stored; "" for what is none."""
    bare = bare_mac(text)
    if len(bare) != 12 or set(bare) - set("0123456789abcdef") or bare in ("0" * 12, "f" * 12):
        return ""
    return ":".join(bare[at : at + 2] for at in range(0, 12, 2))


def _connections(picture: Picture, places: Places, devices: Devices) -> Iterator[Row]:
    """What clients have without a device: their services, or where they have none, the client's own flag."""
    for row in [row for row in picture.customers if row.kind == CLIENT and int(row.id) in places.clients]:
        services = places.services[int(row.id)]
        if not services and not devices.of[row.id]:
            flag = places.clients[int(row.id)].has_outage
            yield _connection(CONNECTION, row.id, row, f"Connection of {row.label}", flag)
        bare = [one for one in services if people.current(one) and not _has_device(one, services, places, devices)]
        for service in bare:
            name = f"Connection of {row.label}" + (f" ({service.name})" if len(services) > 1 and service.name else "")
            found = _connection(SERVICE, str(service.id), row, name, service.has_outage)
            home = places.sites.get(service.site_id)
            upper = hanging.above_site(home, places.sites, devices.carriers) if home else ""
            found.above = (DEVICE, upper) if upper else None
            found.once = [(CONNECTION, row.id)]
            yield found


def _connection(kind: str, id: str, customer: Row, name: str, out: bool | None) -> Row:
    values = {"name": cut(name, 120), "kind": Kind.CPE.value}
    return Row(kind, id, values["name"], values, {"customer_id": customer.key}, down=out is True)


def _has_device(service: UispService, all_of_client: list[UispService], places: Places, devices: Devices) -> bool:
    """Stands there a device at the place of the service? One without a place has those that no other service has."""
    there = devices.of[str(service.client_id)]
    if service.site_id:
        return any(device.site_id == service.site_id for device in there)
    rest = [one for one in all_of_client if one is not service]
    others = {one.site_id for one in rest} | {home for one in rest for home in places.bound[one.id]}
    return any(device.site_id not in others for device in there)


def _count(picture: Picture, places: Places, answer: Answer, adopted: list[UispDevice]) -> None:
    picture.counts = {name.replace(" ", "_"): len(rows.rows) for name, rows in answer.listed().items()}
    picture.counts |= {"towers": len(picture.sites), "homes": len(places.homes)}
    picture.counts |= {"customers": len(picture.customers), "left_out": len(places.left)}
    picture.counts["not_adopted"] = picture.counts.get("devices", 0) - len(adopted)
    with_device = {row.points.get("customer_id") for row in picture.equipment if row.kind == DEVICE}
    picture.kinds = dict(Counter(row.when_new["kind"] for row in picture.equipment if row.kind == DEVICE))
    picture.bare_customers = [row.label for row in picture.customers if row.key not in with_device]
    picture.bare_devices = [
        row.label
        for row in picture.equipment
        if row.kind == DEVICE and not row.points.get("customer_id") and (_is_home(row) or not row.points.get("site_id"))
    ]
    for rows in answer.listed().values():
        picture.dropped += [f"{fault.place}: {fault.text}" for fault in rows.faults if fault.dropped]
        picture.conflicts += [f"{fault.place}: {fault.text}." for fault in rows.faults if not fault.dropped]


def _is_home(row: Row) -> bool:
    return bool(row.when_new["kind"] == Kind.CPE.value)


def _see(picture: Picture, places: Places, answer: Answer, adopted: list[UispDevice]) -> None:
    """What was listed, for the question what has vanished."""
    strange = {device.id for device in (answer.devices.rows if answer.devices else ())} - {one.id for one in adopted}
    if answer.devices is not None:
        picture.seen[DEVICE] = _seen(answer.devices, {row.id for row in picture.equipment if row.kind == DEVICE})
        picture.seen[DEVICE].unknown |= strange
    if answer.sites is not None:
        picture.seen[SITE] = _seen(answer.sites, places.sites.keys())
    if answer.clients is not None:
        picture.seen[CLIENT] = _seen(answer.clients, map(str, places.clients))
        picture.seen[CONNECTION] = _seen(answer.clients, map(str, places.clients))
    elif answer.sites is not None and not answer.has_crm:
        picture.seen[CLIENT] = _seen(answer.sites, [row.id for row in picture.customers if row.kind == CLIENT])
    if answer.services is not None:
        picture.seen[SERVICE] = _seen(answer.services, [str(one.id) for one in answer.services.rows])


def _seen(rows: Rows[Any], listed: Iterable[str]) -> Seen:
    found = Seen(set(listed))
    for fault in rows.faults:
        if fault.dropped:
            found.unknown |= {str(fault.id)} - {"None"}
            found.whole = found.whole and fault.id is not None
    return found


def _conflicts(picture: Picture, places: Places, adopted: list[UispDevice]) -> Iterator[str]:
    yield from _shared(picture.equipment, "mac", "devices have the MAC")
    yield from _shared(picture.equipment, "address", "devices have the address")
    yield from _shared(picture.customers, "account", "customers have the number")
    yield from _shared(picture.sites, "name", "sites are called")
    yield from places.disagreements()
    for client, services in places.services.items():
        if places.read_clients and client not in places.clients and client not in places.left:
            yield f"{few(one.name or str(one.id) for one in services)}: of client {client}, who is not listed."
    leading = [device.name or device.id for device in adopted if device.site_id and device.site_id not in places.sites]
    if leading:
        yield f"{few(leading)}: at a site that is not listed."


def _shared(rows: Iterable[Row], column: str, words: str) -> Iterator[str]:
    holders: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if value := row.values.get(column):
            holders[str(value).casefold()].append(row.label)
    for value, names in holders.items():
        if len(names) > 1:
            yield f"{len(names)} {words} {value}: {few(names)}."
