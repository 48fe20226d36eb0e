"""What can be written to a CSV and read back: the columns of each kind of thing, and how its rows are recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count

from customers.equipment.forms import EquipmentFilter
from customers.equipment.models import Equipment
from customers.fields import ListFilter
from customers.imports.sheets import bare
from customers.people.forms import CustomerFilter, SiteFilter
from customers.people.models import Contact, Customer, Site
from customers.type_ahead import label_of
from customers.words import folded

POINTERS: dict[str, Any] = {"customer": Customer, "site": Site, "uplink": Equipment}


@dataclass(frozen=True)
class Sort:
    """One kind of thing: `columns` are (field, header, other names it is understood by)."""

    key: str
    noun: str
    nouns: str
    model: Any
    permission: str
    shown_at: str
    filter: type[ListFilter]
    recognised: str
    needed: tuple[str, ...]
    columns: tuple[tuple[str, str, str], ...]

    @cached_property
    def names(self) -> dict[str, str]:
        """The field of every column name that is understood."""
        found: dict[str, str] = {}
        for field, header, also in self.columns:
            found |= dict.fromkeys((bare(name) for name in (field, header, *also.split(","))), field)
        return {name: field for name, field in found.items() if name}

    @cached_property
    def headers(self) -> dict[str, str]:
        """The header of each field."""
        return {field: header for field, header, _ in self.columns}

    def rows(self) -> Any:
        """All rows of the kind, with what their cells need."""
        pointers = [field for field in POINTERS if field in self.headers]
        rows = self.model.objects.select_related(*pointers) if pointers else self.model.objects.all()
        return rows.with_tags() if "tags" in self.headers else rows


CUSTOMERS = Sort(
    "customers", "customer", "customers", Customer, "customers.change_people", "customers", CustomerFilter,
    "A row is of the customer with its account number; without one, or where nobody has it, of the customer of that "
    "name who has none.",
    ("account", "given_name", "family_name", "company_name"),
    (
        ("account", "Account number", "account no,account,customer number,customer id"),
        ("given_name", "Given name", "first name,firstname,forename"),
        ("family_name", "Family name", "last name,lastname,surname,name"),
        ("company_name", "Company name", "company,organisation,organization,business"),
        ("phone", "Phone", "telephone,phone number,mobile,tel"),
        ("email", "E-mail", "mail,e-mail address"),
        ("street", "Street", "address,street address,address 1"),
        ("town", "Town", "city,place"),
        ("suspended", "Suspended", ""),
        ("tags", "Tags", "labels"),
        ("notes", "Notes", "note,comment,comments"),
    ),
)  # fmt: skip
CONTACTS = Sort(
    "contacts", "contact", "contacts", Contact, "customers.change_people", "customers", CustomerFilter,
    "A row is of the contact of that name at that customer.",
    ("name",),
    (
        ("customer", "Customer", "customer name,account number,account,customer account"),
        ("name", "Name", "contact,contact name,full name"),
        ("duty", "What they do", "role,position,job,title"),
        ("phone", "Phone", "telephone,phone number,mobile,tel"),
        ("email", "E-mail", "mail,e-mail address"),
    ),
)  # fmt: skip
SITES = Sort(
    "sites", "site", "sites", Site, "customers.change_network", "sites", SiteFilter,
    "A row is of the site of that name.",
    ("name",),
    (
        ("name", "Name", "site,site name"),
        ("kind", "Kind", "type"),
        ("customer", "Customer", "customer name,account number"),
        ("street", "Street", "address,street address"),
        ("town", "Town", "city,place"),
        ("latitude", "Latitude", "lat"),
        ("longitude", "Longitude", "lon,lng,long"),
        ("tags", "Tags", "labels"),
        ("notes", "Access notes", "note,comment,comments"),
    ),
)  # fmt: skip
EQUIPMENT = Sort(
    "equipment", "device", "devices", Equipment, "customers.change_network", "equipments", EquipmentFilter,
    "A row is of the device with its MAC; without one, or where nothing has it, of the device of that name that has "
    "none.",
    ("name", "mac"),
    (
        ("name", "Name", "device,device name,hostname,host"),
        ("kind", "Kind", "type"),
        ("address", "IP address", "ip,ipaddress,management ip"),
        ("mac", "MAC", "mac address"),
        ("uplink", "Hangs on", "uplink,parent"),
        ("site", "Site", "site name,tower"),
        ("customer", "Customer", "customer name,account number"),
        ("vendor", "Vendor", "make,manufacturer"),
        ("model", "Model", ""),
        ("serial", "Serial", "serial number,serial no"),
        ("warranty_until", "Warranty until", "warranty,warranty end,warranty expires,warranty expiry"),
        ("tags", "Tags", "labels"),
        ("notes", "Notes", "note,comment,comments"),
    ),
)  # fmt: skip
SORTS = {sort.key: sort for sort in (CUSTOMERS, CONTACTS, SITES, EQUIPMENT)}

Several = Mapping[str, frozenset[str]]


def several(sort: Sort) -> Several:
    """The names that more than one row has, for each field that points to rows by their name."""
    return {field: _repeated(model) for field, model in POINTERS.items() if field in sort.headers}


def _repeated(model: Any) -> frozenset[str]:
    counted = model.objects.order_by().values("name").annotate(there=Count("pk")).filter(there__gt=1)
    return frozenset(counted.values_list("name", flat=True))


def cells_of(sort: Sort, thing: Any, names: Several) -> dict[str, str]:
    """The cells of a row by field, as they are written and as a file is compared with them."""
    return {field: _cell(thing, field, names) for field in sort.headers}


def _cell(thing: Any, field: str, names: Several) -> str:
    if field == "tags":
        return ", ".join(sorted(tag.name for tag in thing.tags.all())) if thing.pk else ""
    if field == "kind":
        return str(thing.get_kind_display())
    if field in POINTERS:
        found = getattr(thing, field) if getattr(thing, f"{field}_id") else None
        return "" if found is None else label_of(found) if str(found) in names[field] else str(found)
    value = getattr(thing, field)
    return ("yes" if value else "no") if isinstance(value, bool) else "" if value is None else str(value)


def name_in(sort: Sort, cells: Mapping[str, str]) -> str:
    """What a row calls its thing."""
    if sort is CUSTOMERS:
        fields = ("given_name", "family_name", "company_name")
        return Customer(**{field: cells.get(field, "") for field in fields}).shown_name
    return cells.get("name", "")


def same(one: str, other: str) -> bool:
    """Are two cells the same text, however a spreadsheet breaks its lines?"""
    return one == other or "\n".join(one.splitlines()).strip() == "\n".join(other.splitlines()).strip()


def identity(name: str) -> str:
    """A name as it is compared."""
    return " ".join(folded(name).split())
