"""What is there already, read once for a whole synchronisation: rows of ours by what they can be recognised by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.contenttypes.models import ContentType

from customers.models import Customer, Equipment, Site
from outages.sources.models import Source, SourceLink
from outages.sources.rows import Reference


@dataclass(frozen=True)
class Table:
    """A table of ours that a source fills: the columns that it may write."""

    model: type[Any]
    noun: str
    nouns: str
    columns: tuple[str, ...]


SITES = Table(Site, "site", "sites", ("name", "street", "latitude", "longitude"))
CUSTOMERS = Table(
    Customer,
    "customer",
    "customers",
    ("given_name", "family_name", "company_name", "account", "email", "phone", "street", "town", "suspended"),
)
EQUIPMENT = Table(
    Equipment,
    "equipment",
    "equipment",
    ("name", "kind", "vendor", "model", "serial", "mac", "address", "site_id", "customer_id"),
)


@dataclass
class Known:
    """One table of ours, and the source's links into it."""

    table: Table
    rows: dict[int, dict[str, Any]]
    links: dict[Reference, SourceLink]
    # Those that stand for something of this source already, and so for nothing else of it.
    taken: set[int] = field(default_factory=set)
    handed_on: set[int] = field(default_factory=set)
    # Addresses that more than one row of the source has.
    shared: set[str | None] = field(default_factory=set)
    found_by: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def find(self, way: str, value: str) -> list[int]:
        """The current rows, not taken yet, that a value means in one way of recognising them."""
        return [pk for pk in self.found_by[way].get(value, ()) if pk not in self.taken]


# By what a row is recognised that no link stands for; archived sites too, for a name is theirs for good.
WAYS: dict[str, dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "site": {"name": lambda row: row["name"].casefold()},
    "customer": {
        "account": lambda row: row["account"].casefold(),
        "mail and name": lambda row: mail_and_name(row["email"], row["name"]),
    },
    "equipment": {"mac": lambda row: row["mac"], "address": lambda row: row["address"] or ""},
}


# By what it is found although it is linked, where its link is to what is listed under that id no more.
PROOF = {"site": "name", "customer": "account", "equipment": "mac"}


def mail_and_name(email: str, name: str) -> str:
    """What two rows for the same customer have in common; "" without an e-mail."""
    return f"{email.casefold()} {name}" if email else ""


def load(source: Source, table: Table) -> Known:
    """A table and the links into it; three queries."""
    columns = dict.fromkeys(("pk", "name", "archived_at", *table.columns))
    columns |= {"uplink_id": None} if table is EQUIPMENT else {}
    rows = {row["pk"]: row for row in table.model.objects.order_by("pk").values(*columns).iterator()}
    links = {(link.kind, link.remote_id): link for link in of_table(source, table)}
    known = Known(table, rows, links, {link.object_id for link in links.values() if link.object_id})
    for way, value_of in WAYS[table.noun].items():
        known.found_by[way] = _index(rows.values(), value_of, archived=table is SITES)
    return known


def _index(rows: Iterable[dict[str, Any]], value_of: Any, *, archived: bool) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if (archived or row["archived_at"] is None) and (value := value_of(row)):
            found[value].append(row["pk"])
    return found


# Which kinds of what is upstream may stand in which table: a place of a customer without a client is the customer.
KINDS = {"site": ("site",), "customer": ("client", "site"), "equipment": ("device", "service", "connection")}


def of_table(source: Source, table: Table) -> Iterable[SourceLink]:
    """The links of a source into a table, and those of its kinds that lead nowhere yet."""
    kind = kind_of(table)
    links = source.links.filter(kind__in=KINDS[table.noun])
    return [link for link in links if link.object_type_id in (None, kind.pk)]


def kind_of(table: Table) -> ContentType:
    """The content type of a table."""
    return ContentType.objects.get_for_model(table.model)


def references(source: Source) -> dict[Reference, tuple[int, int]]:
    """What each site and customer of the source stands for: (content type, primary key); not what is deleted here."""
    there = {kind_of(table).pk: set(table.model.objects.values_list("pk", flat=True)) for table in (SITES, CUSTOMERS)}
    rows = source.links.exclude(object_id=None).values_list("kind", "remote_id", "object_type", "object_id")
    return {
        (kind, remote): (of, pk) for kind, remote, of, pk in rows.iterator() if of and pk and pk in there.get(of, ())
    }
