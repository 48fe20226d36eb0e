"""A desk after years of work: twenty thousand customers, their equipment, and every outage that there ever was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from bench import desk

CUSTOMERS, EQUIPMENT, OUTAGES = 20_000, 60_000, 1_000_000
TOWERS, SECTORS, PREMISES, CONTACTS = 300, 3_000, 5_000, 10_000
INCIDENTS, NOTICES, STAFF, TAGS = 200_000, 100_000, 200, 12
START = datetime(2024, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=900)
GIVEN = ("Dean", "Rosa", "Núria", "Emeka", "Łucja", "Tomás", "Ida", "Viktor", "Amara", "Jonas", "Priya", "Olga")
FAMILY = ("Irvine", "Field", "Sørensen", "Okafor", "Żółkiewska", "Núñez", "Lindqvist", "Petrov", "Whitlock", "Ng")
TOWNS = ("Harrow Creek", "Bell Fork", "Overby", "Stillwater", "Pine Flat", "Marston", "Low Ridge", "Kettle Falls")
STREETS = ("Main Road", "Mill Lane", "Quarry Street", "Ridge Way", "School Hill", "Old Toll Road", "Orchard Avenue")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Things whose own pages are looked at: those on which most hangs."""

    customer: int
    equipment: int
    core: int
    site: int
    incident: int
    outage: int


class Crowd:
    """Fills an empty database; `said` is told how far it is."""

    def __init__(self, said: Callable[[str], None]) -> None:
        self.said, self.chance = said, random.Random(7)

    def fill(self) -> Chosen:
        """Everything, and what of it to look at."""
        desk.set_up()
        self.people()
        self.places()
        self.network()
        self.tagged()
        self.checks()
        self.incidents()
        self.outages()
        self.notices()
        return self._chosen()

    def _made(self, model: Any, rows: Iterable[Any], count: int) -> list[Any]:
        """The rows in the database, in steps, each in a transaction of its own."""
        rows, found = iter(rows), []
        quiet = model.objects.quietly() if hasattr(model.objects, "quietly") else model.objects
        while step := list(islice(rows, 20_000)):
            found += [row.pk for row in quiet.bulk_create(step, batch_size=1_000)]
            if len(found) % 200_000 == 0 or len(found) == count:
                self.said(f"{len(found):,} of {count:,} {model._meta.verbose_name_plural}")
        return found

    def people(self) -> None:
        """The staff, the customers and their contacts."""
        from config.models import User
        from customers.models import Contact, Customer

        staff = [_named(User(username=f"u{n}@example.net", email=f"u{n}@example.net"), n) for n in range(STAFF)]
        User.objects.bulk_create(staff)
        self.customers = self._made(Customer, (Customer(**_customer(n)) for n in range(CUSTOMERS)), CUSTOMERS)
        contacts = (
            Contact(customer_id=self.customers[2 * n], name=_name(3 * n), phone=f"907 556 {n:04}", duty="Office")
            for n in range(CONTACTS)
        )
        self._made(Contact, contacts, CONTACTS)

    def places(self) -> None:
        """Towers, and the premises of some customers."""
        from customers.models import Site

        towers = (Site(name=f"Tower {n}", kind="tower", street=_street(n), town=_town(n)) for n in range(TOWERS))
        self.towers = self._made(Site, towers, TOWERS)
        homes = (Site(name=f"Home {n}", kind="premises", customer_id=self.customers[n]) for n in range(PREMISES))
        self._made(Site, homes, PREMISES)

    def network(self) -> None:
        """A core, a router on each tower, sectors, and two or three devices at each customer's."""
        from customers.models import Equipment

        routers = self._made(Equipment, (self._ours(n, "router", None) for n in range(TOWERS)), TOWERS)
        self.core = routers[0]
        Equipment.objects.quietly().filter(pk__in=routers[1:]).update(uplink=self.core)
        above = [routers[n % TOWERS] for n in range(SECTORS)]
        sectors = self._made(Equipment, (self._ours(n, "ap", above[n]) for n in range(SECTORS)), SECTORS)
        count = EQUIPMENT - TOWERS - SECTORS
        homes = self._made(Equipment, (self._home(n, sectors[n % SECTORS]) for n in range(count)), count)
        self.homes = homes

    def _ours(self, n: int, kind: str, uplink: int | None) -> Any:
        from customers.models import Equipment

        address = f"10.{200 if kind == 'router' else 201}.{n >> 8 & 255}.{n & 255}"
        place = {"site_id": self.towers[n % TOWERS], "uplink_id": uplink}
        known = {"name": f"{kind}-{n}", "kind": kind, "vendor": "MikroTik", "state": "up", "state_since": START}
        return Equipment(address=address, **known, **place)

    def _home(self, n: int, uplink: int) -> Any:
        from customers.models import Equipment

        state = "down" if n % 300 == 0 else "up"
        address = f"10.{1 + (n >> 16)}.{n >> 8 & 255}.{n & 255}"
        mac = f"48:a9:8a:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"
        known = {"vendor": "Ubiquiti", "model": "LiteBeam", "serial": f"S{n:07}", "mac": mac, "address": address}
        place = {"uplink_id": uplink, "customer_id": self.customers[n % CUSTOMERS]}
        return Equipment(name=f"cpe-{n}", kind="cpe", state=state, state_since=START, **place, **known)

    def tagged(self) -> None:
        """A tag on every second customer."""
        from django.contrib.contenttypes.models import ContentType
        from taggit.models import Tag, TaggedItem

        from customers.models import Customer

        tags = [Tag.objects.create(name=f"tag {n}", slug=f"tag-{n}") for n in range(TAGS)]
        kind = ContentType.objects.get_for_model(Customer)
        rows = [
            TaggedItem(tag=tags[n % TAGS], content_type=kind, object_id=pk) for n, pk in enumerate(self.customers[::2])
        ]
        TaggedItem.objects.bulk_create(rows, batch_size=1_000)

    def checks(self) -> None:
        """A ping of everything."""
        from customers.models import Equipment
        from outages.models import Check

        pks = Equipment.objects.order_by("pk").values_list("pk", flat=True)
        self._made(Check, (Check(equipment_id=pk, state="up", settled=True) for pk in list(pks)), EQUIPMENT)

    def incidents(self) -> None:
        """Most causes are homes; all but the last few are over."""
        from outages.models import Incident

        self.causes = [self.chance.choice(self.homes) for _ in range(INCIDENTS)]
        seen: set[int] = set()
        self.incident_pks = self._made(Incident, self._incidents(Incident, seen), INCIDENTS)

    def _incidents(self, model: Any, seen: set[int]) -> Iterator[Any]:
        for n, cause in enumerate(self.causes):
            at = START + YEARS * n / INCIDENTS
            goes_on = n >= INCIDENTS - 40 and cause not in seen
            if goes_on:
                seen.add(cause)
            over = {} if goes_on else {"closed_at": at + timedelta(minutes=30), "state": "resolved"}
            yield model(equipment_id=cause, opened_at=at, customers_behind=1 + n % 40, **over)

    def outages(self) -> None:
        """One in twenty is of the first customer's first device; the rest is spread over everybody."""
        from outages.models import Outage

        self._made(Outage, (Outage(**self._outage(n)) for n in range(OUTAGES)), OUTAGES)

    def _outage(self, n: int) -> dict[str, Any]:
        which = 0 if n % 20 == 0 else self.chance.randrange(len(self.homes))
        at = START + YEARS * n / OUTAGES
        end = None if n >= OUTAGES - 200 else at + timedelta(seconds=60 + n % 7_000)
        return {
            "equipment_id": self.homes[which],
            "customer_id": self.customers[which % CUSTOMERS],
            "site_id": self.towers[which % TOWERS],
            "incident_id": self.incident_pks[n * INCIDENTS // OUTAGES],
            "started_at": at,
            "opened_at": at + timedelta(seconds=10),
            "ended_at": end,
            "opened_by": {"message": "no answer within 0.5 s"},
        }

    def notices(self) -> None:
        """The inbox of somebody who never empties it."""
        from django.contrib.contenttypes.models import ContentType

        from config.models import User
        from notifications.models import Notice
        from outages.models import Incident

        person = User.objects.get(email="administrator@example.net")
        kinds = ContentType.objects.get_for_models(User, Incident)
        about = {"recipient_type": kinds[User], "recipient_id": person.pk, "object_type": kinds[Incident]}
        rows = (Notice(**about, **self._notice(n)) for n in range(NOTICES))
        self._made(Notice, rows, NOTICES)

    def _notice(self, n: int) -> dict[str, Any]:
        at = START + YEARS * n / NOTICES
        words = {"text": f"cpe-{n} is down: 1 customer", "event": "incident.opened", "fingerprint": f"{n:064}"}
        read = None if n % 10 == 0 else at
        return {"object_id": self.incident_pks[n], "due_at": at, "created_at": at, "read_at": read, **words}

    def _chosen(self) -> Chosen:
        from outages.models import Outage

        outage = Outage.objects.order_by("-pk").values_list("pk", flat=True)[0]
        return Chosen(self.customers[0], self.homes[0], self.core, self.towers[0], self.incident_pks[-1], outage)


def _named(user: Any, n: int) -> Any:
    user.name, user.role = _name(n), ("engineer", "office", "technician", "manager")[n % 4]
    user.set_unusable_password()
    return user


def _name(n: int) -> str:
    return f"{GIVEN[n % len(GIVEN)]} {FAMILY[n // 3 % len(FAMILY)]}"


def _street(n: int) -> str:
    return f"{_of(STREETS, n)} {n % 97 + 1}"


def _town(n: int) -> str:
    return _of(TOWNS, n // 5)


def _of(words: Sequence[str], n: int) -> str:
    return words[n % len(words)]


def _customer(n: int) -> dict[str, Any]:
    given, _, family = _name(n).partition(" ")
    company = {"company_name": f"{family} and partners {n}"} if n % 9 == 0 else {}
    state = "down" if n % 300 == 0 else "up"
    reach = {"phone": f"907 {n // 10_000 + 550} {n % 10_000:04}", "email": f"c{n}@example.net", "account": f"A-{n:05}"}
    where = {"street": _street(n), "town": _town(n), "state": state, "state_since": START, "suspended": n % 500 == 1}
    return {"given_name": given, "family_name": f"{family} {n}", **company, **reach, **where}
