"""The invented ISP: its sites, devices and customers, the same ones for the same seed."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agents.simulated import names
from agents.simulated.people import MOST_CUSTOMERS, Customer, People

__all__ = ["Customer", "Device", "DeviceKind", "Network", "Site", "SiteKind", "build"]

DeviceKind = Literal["core", "router", "switch", "backhaul", "ap", "cpe"]
SiteKind = Literal["pop", "tower", "premises"]

DEFAULT_CUSTOMERS, DEFAULT_SEED, DEFAULT_PORT = 120, 7, 7001
_CUSTOMERS_PER_TOWER = 150
_SECTORS = (3, 4, 2, 3)
_DEPOT = (47.212, -109.631)
_KM_PER_DEGREE = 111.2
# vendor, backhaul radio, access point, customer's radio
_RADIOS = (
    ("Ubiquiti", "airFiber 60 LR", "LTU Rocket", "LTU Lite"),
    ("Mimosa", "B5c", "A6", "C6x"),
    ("Cambium", "PTP 670", "ePMP 3000", "Force 300-16"),
    ("MikroTik", "nRAYG-60adpair", "mANTBox 19s", "SXTsq 5 ac"),
)
_ROUTERS = (("MikroTik", "CCR2004-1G-12S+2XS"), ("MikroTik", "RB5009UG+S+IN"), ("Juniper", "ACX1100"))


@dataclass(frozen=True)
class Site:
    """A place: the POP, a tower, or a customer's premises."""

    name: str
    kind: SiteKind
    street: str
    town: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Device:
    """A piece of equipment; `uplink` names the device towards the core, `customer` is a customer's number."""

    name: str
    kind: DeviceKind
    vendor: str
    model: str
    address: str
    port: int
    mac: str
    uplink: str | None
    site: str
    customer: str | None = None


@dataclass(frozen=True)
class Network:
    """The whole ISP, and what hangs on what."""

    seed: int
    port: int
    sites: tuple[Site, ...]
    devices: tuple[Device, ...]
    customers: tuple[Customer, ...]

    def device(self, name: str) -> Device:
        """The device of this name; LookupError names the one that does not exist."""
        if name not in self._by_name:
            raise LookupError(f"no device is named {name!r}")
        return self._by_name[name]

    def below(self, name: str) -> tuple[Device, ...]:
        """Everything that hangs below a device, nearest first, without the device itself."""
        found = list(self._children.get(self.device(name).name, ()))
        for device in found:
            found.extend(self._children.get(device.name, ()))
        return tuple(found)

    def above(self, name: str) -> tuple[Device, ...]:
        """The path from a device to the core, nearest first, without the device itself."""
        path: list[Device] = []
        uplink = self.device(name).uplink
        while uplink:
            path.append(self.device(uplink))
            uplink = path[-1].uplink
        return tuple(path)

    def customers_below(self, name: str) -> tuple[Customer, ...]:
        """The customers who lose their service with this device (a CPE's own customer included)."""
        numbers = {device.customer for device in (self.device(name), *self.below(name))}
        return tuple(customer for customer in self.customers if customer.number in numbers)

    def cpe(self, number: str) -> Device:
        """The radio of the customer with this number."""
        if number not in self._cpes:
            raise LookupError(f"no customer has the number {number!r}")
        return self._cpes[number]

    def unreachable(self, failed: Iterable[str]) -> dict[str, str]:
        """Devices that are whole but cut off, each with the failed device that is to blame: the nearest to the core."""
        failed = frozenset(failed)
        topmost = [name for name in failed if not any(device.name in failed for device in self.above(name))]
        return {device.name: name for name in topmost for device in self.below(name) if device.name not in failed}

    @cached_property
    def never_online(self) -> frozenset[str]:
        """Names of the devices that have never answered anybody."""
        return frozenset(self.cpe(customer.number).name for customer in self.customers if customer.never_online)

    @cached_property
    def _by_name(self) -> dict[str, Device]:
        return {device.name: device for device in self.devices}

    @cached_property
    def _cpes(self) -> dict[str, Device]:
        return {device.customer: device for device in self.devices if device.customer}

    @cached_property
    def _children(self) -> dict[str, list[Device]]:
        children: dict[str, list[Device]] = {}
        for device in self.devices:
            if device.uplink:
                children.setdefault(device.uplink, []).append(device)
        return children


def build(customers: int = DEFAULT_CUSTOMERS, seed: int = DEFAULT_SEED, port: int = DEFAULT_PORT) -> Network:
    """Invent an ISP with this many customers: the same arguments give the same network, in any process."""
    if not 1 <= customers <= MOST_CUSTOMERS:
        raise ValueError(f"customers must be from 1 to {MOST_CUSTOMERS}, not {customers}")
    if not 1024 < port <= 65535:
        raise ValueError(f"port must be from 1025 to 65535, not {port}")
    builder = _Builder(random.Random(seed), port)
    builder.add_all(customers)
    return Network(seed, port, tuple(builder.sites), tuple(builder.devices), tuple(builder.customers))


@dataclass(frozen=True)
class _Tower:
    site: Site
    slug: str
    subnet: str
    radios: tuple[str, str, str, str]
    sectors: int


@dataclass(frozen=True)
class _Sector:
    access_point: Device
    tower: _Tower
    azimuth: float


class _Builder:
    def __init__(self, rng: random.Random, port: int) -> None:
        self.sites: list[Site] = []
        self.devices: list[Device] = []
        self.customers: list[Customer] = []
        self._rng, self._port, self._people = rng, port, People(rng)

    def add_all(self, customers: int) -> None:
        self._add_depot()
        towers = [self._place_tower(index) for index in range(max(4, math.ceil(customers / _CUSTOMERS_PER_TOWER)))]
        # Every fourth tower hangs behind another one instead of the depot.
        sectors = [
            sector
            for index, tower in enumerate(towers)
            for sector in self._add_tower(tower, towers[index - 2] if index % 4 == 3 else None)
        ]
        silent = sorted(self._rng.sample(range(customers), round(customers / 60)))
        suspended, never_online = set(silent[::2]), set(silent)
        for index in range(customers):
            # Each sector gets its first customer before chance deals out the others.
            sector = sectors[index] if index < len(sectors) else self._rng.choice(sectors)
            customer = self._people.next(
                index, sector.tower.site.town, never_online=index in never_online, suspended=index in suspended
            )
            self._add_customer(customer, sector, index)

    def _add_depot(self) -> None:
        self.sites.append(Site("Depot", "pop", "12 Railway Street", "Harrow Creek", *_DEPOT))
        self._add_device("core-depot", "core", ("Juniper", "MX204"), "127.10.0.1", None, "Depot")
        self._add_device("switch-depot", "switch", ("Juniper", "EX2300-24T"), "127.10.0.2", "core-depot", "Depot")

    def _place_tower(self, index: int) -> _Tower:
        again, place = divmod(index, len(names.TOWERS))
        name, street, town = names.TOWERS[place]
        name = f"{name} {again + 1}" if again else name
        # The golden angle spreads any number of towers evenly round the depot.
        position = _away(_DEPOT, 137.5 * index, 9 + 2.5 * index**0.5 + self._rng.uniform(0, 6))
        site = Site(name, "tower", street, town, *position)
        self.sites.append(site)
        subnet = f"127.{10 + index // 250}.{index % 250 + 1}"
        radios, sectors = _RADIOS[index % len(_RADIOS)], _SECTORS[index % len(_SECTORS)]
        return _Tower(site, name.lower().replace(" ", "-"), subnet, radios, sectors)

    def _add_tower(self, tower: _Tower, behind: _Tower | None) -> list[_Sector]:
        """A pair of radios, a router behind it, the sectors behind the router."""
        uplink, start = (f"router-{behind.slug}", behind.site.name) if behind else ("core-depot", "Depot")
        near, far, router = f"backhaul-to-{tower.slug}", f"backhaul-{tower.slug}", f"router-{tower.slug}"
        self._add_device(near, "backhaul", tower.radios[:2], f"{tower.subnet}.2", uplink, start)
        self._add_device(far, "backhaul", tower.radios[:2], f"{tower.subnet}.3", near, tower.site.name)
        model = self._rng.choice(_ROUTERS)
        self._add_device(router, "router", model, f"{tower.subnet}.1", far, tower.site.name)
        return [self._add_sector(tower, number) for number in range(tower.sectors)]

    def _add_sector(self, tower: _Tower, number: int) -> _Sector:
        model = (tower.radios[0], tower.radios[2])
        name, address = f"ap-{tower.slug}-{number + 1}", f"{tower.subnet}.{10 + number}"
        device = self._add_device(name, "ap", model, address, f"router-{tower.slug}", tower.site.name)
        return _Sector(device, tower, 360 / tower.sectors * number)

    def _add_customer(self, customer: Customer, sector: _Sector, index: int) -> None:
        self.customers.append(customer)
        tower = sector.tower
        position = _away(
            (tower.site.latitude, tower.site.longitude),
            sector.azimuth + self._rng.uniform(-40, 40),
            self._rng.uniform(0.4, 7),
        )
        site = Site(f"{customer.street}, {customer.town}", "premises", customer.street, customer.town, *position)
        self.sites.append(site)
        rest, last = divmod(index, 254)
        address = f"127.{64 + rest // 254}.{rest % 254 + 1}.{last + 1}"
        name, model = f"cpe-{customer.number}", (tower.radios[0], tower.radios[3])
        self._add_device(name, "cpe", model, address, sector.access_point.name, site.name, customer.number)

    def _add_device(
        self,
        name: str,
        kind: DeviceKind,
        maker: tuple[str, str],
        address: str,
        uplink: str | None,
        site: str,
        customer: str | None = None,
    ) -> Device:
        serial = len(self.devices) + 1
        # The first octet 02 says "locally administered": no maker owns it.
        mac = "02:54:57:" + ":".join(f"{octet:02x}" for octet in serial.to_bytes(3, "big"))
        device = Device(name, kind, *maker, address, self._port, mac, uplink, site, customer)
        self.devices.append(device)
        return device


def _away(start: tuple[float, float], azimuth: float, km: float) -> tuple[float, float]:
    north, east = km * math.cos(math.radians(azimuth)), km * math.sin(math.radians(azimuth))
    longitude = start[1] + east / (_KM_PER_DEGREE * math.cos(math.radians(start[0])))
    return round(start[0] + north / _KM_PER_DEGREE, 5), round(longitude, 5)
