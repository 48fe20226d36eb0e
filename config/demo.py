"""The demo: an invented ISP, loaded as rows, whose devices run beside Towerwatch as a process of their own."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from taggit.models import Tag, TaggedItem

from agents import roster
from agents.simulated import control, network
from config import demo_desk, env, options
from config.models import Role, User
from customers.models import Contact, Customer, Equipment, Kind, Site
from notifications import live
from notifications.models import Notice
from outages.models import Check, Incident, Outage, Source
from outages.sources import actions as sources

TAG = "demo"
# A path in the file system is not a socket's address if it is much longer than this.
LONGEST_SOCKET = 100
AT_DEMO = "@demo.example"
ISP_NAME = "Windrow Wireless"
KINDS = {"core": Kind.ROUTER, "router": Kind.ROUTER, "switch": Kind.SWITCH, "backhaul": Kind.PTP, "ap": Kind.AP}
STAFF = (
    (Role.ADMINISTRATOR, "Ada Whitlock", "Sees and may do everything"),
    (Role.ENGINEER, "Emeka Okafor", "What failed first, and what hangs on it"),
    (Role.OFFICE, "Olga Lindqvist", "Answers the phone"),
    (Role.TECHNICIAN, "Tomás Núñez", "On a roof, with a phone"),
    (Role.MANAGER, "Mei Tanaka", "How it went, day by day"),
)


def _socket(var: Path) -> Path:
    """Where the invented network takes commands: in VAR, or beside it under a short name."""
    near = var / "simulated.sock"
    if len(os.fsencode(near)) <= LONGEST_SOCKET:
        return near
    return Path(tempfile.gettempdir()) / f"towerwatch-{hashlib.sha256(os.fsencode(var)).hexdigest()[:16]}.sock"


SOCKET = _socket(settings.VAR)


def token() -> str:
    """What the link on the console carries; made once."""
    if not options.fresh().demo_token:
        options.change(demo_token=secrets.token_urlsafe(18))
    return options.fresh().demo_token


def port() -> int:
    """The TCP port on which the invented devices answer; chosen once."""
    if not options.fresh().demo_port:
        options.change(demo_port=7001 + secrets.randbelow(2000))
    return options.fresh().demo_port


def uisp_port() -> int:
    """The port on which the invented network is a UISP as well."""
    return port() + 2000


def make() -> None:
    """Everything that `make demo` starts with: the network and one person of each role. Idempotent.

    A database in which somebody else is the administrator is not the demo's: it ends the process with one line.
    """
    if User.objects.filter(role=Role.ADMINISTRATOR).exclude(email__endswith=AT_DEMO).exists():
        env.leave(
            "the demo does not run in a database that is in use: unset DATABASE_URL and VAR, or name an empty one"
        )
    if not options.fresh().isp_name:
        options.change(isp_name=ISP_NAME)
    for role, name, _ in STAFF:
        if not User.objects.filter(role=role).exists():
            User.objects.create_user(f"{role.value}{AT_DEMO}", None, name=name, role=role)
    if not options.fresh().demo and not Equipment.objects.exists():
        load()


def load(customers: int = 120) -> None:
    """Write the invented network down, with a TCP check on every device, and have its devices started."""
    invented = network.build(customers=customers, port=port())
    with transaction.atomic():
        sites = _sites(invented)
        people = _people(invented)
        equipment = _equipment(invented, sites, people)
        Check.objects.bulk_create(
            Check(equipment=equipment[device.name], probe="tcp", port=device.port, interval=5)
            for device in invented.devices
        )
        staff = {user.role: user for user in User.objects.filter(email__endswith=AT_DEMO)}
        demo_desk.write(equipment.values(), staff, timezone.now())
        options.change(demo=True)
        roster.simulate(True)
        roster.tell_new_work()


def _tag(rows: Iterable[Any], names: dict[int, list[str]]) -> None:
    """Tag many rows at once; `names` gives the tags of each pk beside the demo's own."""
    rows = list(rows)
    kind = ContentType.objects.get_for_model(rows[0])
    tags = {name: Tag.objects.get_or_create(name=name)[0] for name in {TAG, *chain.from_iterable(names.values())}}
    TaggedItem.objects.bulk_create(
        TaggedItem(tag=tags[name], content_type=kind, object_id=row.pk)
        for row in rows
        for name in {TAG, *names.get(row.pk, ())}
    )


def _sites(invented: network.Network) -> dict[str, Site]:
    rows = Site.objects.quietly().bulk_create(
        Site(name=s.name, kind=s.kind, street=s.street, town=s.town, latitude=s.latitude, longitude=s.longitude)
        for s in invented.sites
    )
    _tag(rows, {})
    return {row.name: row for row in rows}


def _people(invented: network.Network) -> dict[str, Customer]:
    rows = [
        Customer(
            given_name=person.given_name,
            family_name=person.family_name,
            company_name=person.company,
            account=person.number,
            email=person.email,
            phone=person.phone,
            street=person.street,
            town=person.town,
            suspended="suspended" in person.tags,
        )
        for person in invented.customers
    ]
    Customer.objects.quietly().bulk_create(rows)
    _tag(rows, {row.pk: list(person.tags) for row, person in zip(rows, invented.customers, strict=True)})
    Contact.objects.quietly().bulk_create(
        Contact(customer=row, name=row.person, email=row.email, phone=row.phone) for row in rows if row.is_company
    )
    return {person.number: row for row, person in zip(rows, invented.customers, strict=True)}


def _equipment(invented: network.Network, sites: dict[str, Site], people: dict[str, Customer]) -> dict[str, Equipment]:
    rows = {
        device.name: Equipment(
            name=device.name,
            kind=KINDS.get(device.kind, Kind.CPE),
            vendor=device.vendor,
            model=device.model,
            mac=device.mac,
            address=device.address,
            site=sites.get(device.site),
            customer=people.get(device.customer) if device.customer else None,
        )
        for device in invented.devices
    }
    Equipment.objects.quietly().bulk_create(rows.values())
    for device in invented.devices:
        rows[device.name].uplink = rows[device.uplink] if device.uplink else None
    Equipment.objects.quietly().bulk_update(rows.values(), ["uplink"], batch_size=200)
    _tag(rows.values(), {})
    premises = [sites[d.site] for d in invented.devices if d.customer and d.site in sites]
    for device in invented.devices:
        if device.customer and device.site in sites:
            sites[device.site].customer = people[device.customer]
    Site.objects.quietly().bulk_update(premises, ["customer"], batch_size=200)
    return rows


def uisp_address() -> str:
    """Where the invented network is a UISP as well."""
    return f"http://127.0.0.1:{uisp_port()}"


def clear() -> None:
    """Take the demo away again: its network, and all that happened to it. What staff added themselves stays."""
    with transaction.atomic():
        for source in Source.objects.filter(address=uisp_address()):
            sources.remove(source)
        options.change(demo=False)
        roster.simulate(False)
        equipment = list(Equipment.objects.filter(tags__name=TAG).values_list("pk", flat=True))
        _forget(Incident, Incident.objects.filter(equipment__in=equipment))
        _forget(Outage, Outage.objects.filter(equipment__in=equipment))
        Outage.objects.quietly().filter(equipment__in=equipment).delete()
        Incident.objects.quietly().filter(equipment__in=equipment).delete()
        demo_desk.forget(Equipment, equipment)
        Equipment.objects.quietly().filter(uplink__in=equipment).update(uplink=None)
        Equipment.objects.quietly().filter(pk__in=equipment).delete()
        _clear_people()
        roster.tell_new_work()
        live.bump("incidents", "looking")


def _clear_people() -> None:
    sites = list(Site.objects.filter(tags__name=TAG, equipment=None).values_list("pk", flat=True))
    demo_desk.forget(Site, sites)
    Site.objects.quietly().filter(pk__in=sites).delete()
    customers = Customer.objects.filter(tags__name=TAG, equipment=None, sites=None).values_list("pk", flat=True)
    ours = list(customers)
    demo_desk.forget(Customer, ours)
    Contact.objects.quietly().filter(customer__in=ours).delete()
    Customer.objects.quietly().filter(pk__in=ours).delete()


def _forget(model: type[Any], rows: Any) -> None:
    kind = ContentType.objects.get_for_model(model)
    Notice.objects.filter(object_type=kind, object_id__in=list(rows.values_list("pk", flat=True))).delete()


def command(request: dict[str, Any]) -> dict[str, Any]:
    """Ask the invented network to do something; raises control.ControlError with the reason if it does not."""
    return control.send(SOCKET, request)
