"""What hangs on what, out of four tellers in the order of trust; a ring is never made. Pure.

Radios say which AP they are at; devices may name their uplink; data-links have no direction; places have a parent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from agents.clients.uisp_objects import UispDevice, UispLink, UispSite

# Proposed by UISP's own guess, or switched off: no way that traffic takes.
NO_WAYS = ("proposed", "disabled")
# What carries the rest of its place, the likeliest first.
CARRIERS = ("gateway", "router", "switch", "ptp")


class Tree:
    """Devices and their uplinks."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = set(known)
        self.up: dict[str, str] = {}

    def hang(self, device: str, uplink: str) -> bool:
        """Hang a device on another, unless it hangs already, either is strange, or that would make a ring."""
        if device in self.up or device not in self.known or uplink not in self.known:
            return False
        if device in self.line(uplink):
            return False
        self.up[device] = uplink
        return True

    def line(self, device: str) -> list[str]:
        """The device and all that it hangs on, the nearest first."""
        found = [device]
        while found[-1] in self.up:
            found.append(self.up[found[-1]])
        return found

    def below(self) -> Mapping[str, list[str]]:
        """What hangs directly on each."""
        found = defaultdict(list)
        for device, uplink in self.up.items():
            found[uplink].append(device)
        return found


def hang(
    devices: Sequence[UispDevice], sites: Mapping[str, UispSite], links: Iterable[UispLink]
) -> tuple[dict[str, str], set[str], dict[str, str]]:
    """The uplink of each device by id; those whose uplink a device itself has told; what carries each site."""
    tree = Tree(device.id for device in devices)
    for device in devices:
        tree.hang(device.id, device.access_point_id)
    for device in devices:
        tree.hang(device.id, device.uplink_id)
    told = set(tree.up)
    _by_links(tree, devices, links)
    carriers = _carriers(devices, sites, tree)
    for device in devices:
        tree.hang(device.id, carrier_of(device, sites, carriers))
    return tree.up, told, carriers


def _by_links(tree: Tree, devices: Sequence[UispDevice], links: Iterable[UispLink]) -> None:
    """A link has no direction: it leads away from the gateway, or else from whatever carries most."""
    near: dict[str, list[str]] = defaultdict(list)
    for link in links:
        if link.state not in NO_WAYS and link.from_device and link.to_device:
            near[link.from_device].append(link.to_device)
            near[link.to_device].append(link.from_device)
    roles = {device.id: device.role for device in devices}
    sizes = _sizes(tree, roles)
    order = sorted((one for one in roles if one not in tree.up), key=lambda one: (_rank(roles[one]), -sizes[one], one))
    reached: set[str] = set()
    for root in order:
        if root not in tree.up:
            _reach(tree, root, near, reached)


def _sizes(tree: Tree, devices: Iterable[str]) -> dict[str, int]:
    """How many hang on each, however far below."""
    sizes: dict[str, int] = defaultdict(int)
    for device in devices:
        for upper in tree.line(device)[1:]:
            sizes[upper] += 1
    return sizes


def _reach(tree: Tree, root: str, near: Mapping[str, list[str]], reached: set[str]) -> None:
    below = tree.below()
    waiting = [root]
    while waiting:
        device = waiting.pop(0)
        if device in reached:
            continue
        reached.add(device)
        waiting += below.get(device, ())
        # What was reached from a likelier root keeps it.
        waiting += [other for other in near.get(device, ()) if other not in reached and tree.hang(other, device)]


def _rank(role: str) -> int:
    return CARRIERS.index(role) if role in CARRIERS else len(CARRIERS)


def _carriers(devices: Sequence[UispDevice], sites: Mapping[str, UispSite], tree: Tree) -> dict[str, str]:
    """The device of each place on which its others hang, where that is clear."""
    at: dict[str, list[UispDevice]] = defaultdict(list)
    for device in devices:
        if device.site_id:
            at[device.site_id].append(device)
    found = {}
    for place, there in at.items():
        ours = place in sites and sites[place].type == "site"
        if carrier := _carrier(there, tree) if ours else _radio(there):
            found[place] = carrier.id
    return found


def _carrier(there: Sequence[UispDevice], tree: Tree) -> UispDevice | None:
    """Of a tower: its router or switch, or the only one that there is."""
    best = min(there, key=lambda device: (_rank(device.role), device.id in tree.up, device.name, device.id))
    return best if len(there) == 1 or _rank(best.role) < len(CARRIERS) else None


def _radio(there: Sequence[UispDevice]) -> UispDevice | None:
    """Of a home: its radio, or the only one that there is."""
    radios = [device for device in there if device.role == "station"] or there
    return radios[0] if len(radios) == 1 else None


def carrier_of(device: UispDevice, sites: Mapping[str, UispSite], carriers: Mapping[str, str]) -> str:
    """What the place of a device suggests: the carrier of its site, or of the site above; "" where nothing does."""
    site = sites.get(device.site_id)
    if site is None:
        return ""
    here = carriers.get(site.id, device.id)
    return here if here != device.id else above_site(site, sites, carriers)


def above_site(site: UispSite, sites: Mapping[str, UispSite], carriers: Mapping[str, str]) -> str:
    """The carrier of the nearest site above that has one; "" if none has."""
    seen = {site.id}
    parent = sites.get(site.parent_id)
    while parent is not None and parent.id not in seen:
        if parent.id in carriers:
            return carriers[parent.id]
        seen.add(parent.id)
        parent = sites.get(parent.parent_id)
    return ""
