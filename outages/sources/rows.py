"""What a source says, in our words: rows of plain values, before anything is compared with what is there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agents.clients.shapes import Rows
from agents.clients.uisp_objects import UispClient, UispDevice, UispLink, UispService, UispSite

SITE, DEVICE, CLIENT, SERVICE, CONNECTION = "site", "device", "client", "service", "connection"
# Of what we show only so many by name.
SHOWN = 50
LONGEST_ID = 80

Reference = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """The lists of a source; None: it was not asked for this one, or does not have it."""

    devices: Rows[UispDevice] | None = None
    sites: Rows[UispSite] | None = None
    links: Rows[UispLink] | None = None
    clients: Rows[UispClient] | None = None
    services: Rows[UispService] | None = None
    # Whether there is a key for its customers: without one, they are known by their places in the network alone.
    has_crm: bool = False
    faults: list[str] = field(default_factory=list)

    def listed(self) -> dict[str, Rows[Any]]:
        """The lists that came, by name."""
        named: dict[str, Rows[Any] | None] = {"devices": self.devices, "sites": self.sites, "data links": self.links}
        named |= {"clients": self.clients, "services": self.services}
        return {name: rows for name, rows in named.items() if rows is not None}


@dataclass
class Row:
    """One row of the source: `values` by the names of our columns, `points` to other rows of the source.

    A column that is in neither is not known this time. A reference that is None says: there is none. `at_first` are
    values for a new row alone, where nobody says better ones. `above` are the devices that it hangs on; `told` whether
    a device said so itself, or it is only concluded.
    """

    kind: str
    id: str
    label: str
    values: dict[str, Any] = field(default_factory=dict)
    points: dict[str, Reference | None] = field(default_factory=dict)
    at_first: dict[str, Any] = field(default_factory=dict)
    contacts: list[tuple[str, str, str]] | None = None
    # What stood for it upstream before there was this: whatever that is to us, this is now.
    once: list[Reference] = field(default_factory=list)
    above: Reference | None = None
    told: bool = False
    down: bool = False

    @property
    def is_too_long(self) -> bool:
        """Does its id not fit where we keep it?"""
        return len(self.id) > LONGEST_ID

    @property
    def when_new(self) -> dict[str, Any]:
        """The values of a new row."""
        return self.at_first | self.values

    @property
    def key(self) -> Reference:
        """By what it is found upstream."""
        return self.kind, self.id


@dataclass
class Seen:
    """Which ids of a kind the source listed, and which came in a shape that says nothing of them.

    `whole` is false where rows came without an id: any of those that are missed may be among them.
    """

    listed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    whole: bool = True


@dataclass
class Picture:
    """All of a source. `seen` lacks the kinds that were not read at all."""

    sites: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    equipment: list[Row] = field(default_factory=list)
    seen: dict[str, Seen] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    # Names, for the preview.
    bare_customers: list[str] = field(default_factory=list)
    bare_devices: list[str] = field(default_factory=list)

    def keep_owners(self) -> None:
        """Whose equipment is that seems to be nobody's is not known this time."""
        for row in self.equipment:
            if row.points.get("customer_id", row) is None:
                del row.points["customer_id"]

    def down(self) -> list[str]:
        """The names of what is down at this moment."""
        return [row.label for row in self.equipment if row.down]


def cut(text: str, length: int) -> str:
    """As much of a text as a column holds, in one line."""
    return " ".join(text.split())[:length].rstrip()


def few(names: Iterable[str]) -> str:
    """Some names as a text, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""
    return ", ".join(found[:4]) + more
