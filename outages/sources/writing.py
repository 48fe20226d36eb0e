"""Writing what a comparison comes to: in short transactions, quietly, and so that it may end after any of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from customers.models import Contact, Customer, Equipment, Site
from customers.words import Kept
from outages.models import Check
from outages.sources.known import CUSTOMERS, EQUIPMENT, Table, kind_of
from outages.sources.models import Source, SourceLink
from outages.sources.planning import Item, Verdict, changes

# Rows in one transaction: a writer of SQLite keeps all the others waiting.
BATCH = 250
LINK_FIELDS = ["label", "object_type", "object_id", "last", "candidates", "gone_at"]
COMPARED = ["label", "object_type_id", "object_id", "last", "candidates", "gone_at"]


@dataclass
class Written:
    """How many rows were changed, and how many brought back."""

    changed: int = 0
    restored: int = 0


class Writer:
    """Writes the items of one table of a source."""

    def __init__(self, source: Source, table: Table, pinged: set[str]) -> None:
        self.source, self.table, self.pinged = source, table, pinged
        self.written = Written()

    def idle(self, item: Item, there: dict[str, Any] | None) -> bool:
        """Is there nothing to do for an item whose row of ours held this when it was compared?"""
        if item.verdict in (Verdict.NEW, Verdict.RECOGNISED) or item.is_back:
            return False
        changed = there is not None and changes(self.table, there, item.last, item.said)
        return not changed and not self._differs(item, self._link(item, item.pk))

    def write(self, items: Sequence[Item]) -> None:
        """One batch; to be called in a transaction."""
        fresh = self._fresh(items)
        left_alone = forgotten(fresh)
        items = [item for item in items if not left_alone.get(item.pk or 0) or is_handed_on(item, left_alone)]
        made = self._make([item for item in items if item.verdict == Verdict.NEW])
        links: list[SourceLink] = []
        unclear: list[SourceLink] = []
        attached = []
        for item in items:
            thing = made.get(item.row.key) or fresh.get(item.pk or 0)
            if thing is None and item.verdict != Verdict.UNCLEAR:
                continue
            if thing is not None and item.verdict != Verdict.NEW:
                self._change(thing, item)
            if item.verdict in (Verdict.NEW, Verdict.RECOGNISED):
                attached.append((item, thing))
            link = self._link(item, thing.pk if thing else None)
            if self._differs(item, link):
                (links if thing is not None else unclear).append(link)
        SourceLink.objects.filter(pk__in=[item.moved.pk for item in items if item.moved and item.pk in fresh]).delete()
        self._save(links)
        self._ask(unclear)
        if self.table is EQUIPMENT:
            self._check(attached)
        if self.table is CUSTOMERS:
            self._talk_to(items, made, fresh)

    def _fresh(self, items: Sequence[Item]) -> dict[int, Any]:
        """The rows as they are at this moment: staff may be at them too."""
        pks = [item.pk for item in items if item.pk is not None]
        rows = self.table.model.objects.filter(pk__in=pks).select_for_update(no_key=True)
        return {row.pk: row for row in rows}

    def _make(self, new: Sequence[Item]) -> dict[tuple[str, str], Any]:
        things = [self.table.model(**item.said) for item in new]
        self.table.model.objects.quietly().bulk_create(things)
        return {item.row.key: thing for item, thing in zip(new, things, strict=True)}

    def _link(self, item: Item, pk: int | None) -> SourceLink:
        before, row = item.moved or item.link, item.row
        link = SourceLink(source=self.source, kind=row.kind, remote_id=row.id, label=row.label[:200])
        if before and row.at_first and "name" not in row.values:
            link.label = before.label
        link.candidates = item.candidates
        if pk is not None:
            link.object_type, link.object_id = kind_of(self.table), pk
            contacts = {} if item.row.contacts is None else {"contacts": [list(one) for one in item.row.contacts]}
            link.last = item.last | item.said | contacts
        elif item.verdict == Verdict.DELETED and item.link:
            return item.link
        return link

    def _differs(self, item: Item, link: SourceLink) -> bool:
        before = item.link
        return before is None or any(getattr(before, name) != getattr(link, name) for name in COMPARED)

    def _change(self, thing: Any, item: Item) -> None:
        """Write what staff have not corrected, and bring back what we had put away."""
        there = {column: getattr(thing, column) for column in self.table.columns}
        found = changes(self.table, there, item.last, item.said)
        self.written.changed += bool(found) and item.verdict == Verdict.LINKED
        if item.is_back and thing.archived_at is not None:
            found["archived_at"] = None
            self.written.restored += 1
        if found:
            for column, value in found.items():
                setattr(thing, column, value)
            kept = (column for column in thing._meta.concrete_fields if isinstance(column, Kept))
            found |= {column.attname: column.pre_save(thing, False) for column in kept}
            self.table.model.objects.quietly().filter(pk=thing.pk).update(**found)

    def _save(self, links: list[SourceLink]) -> None:
        SourceLink.objects.bulk_create(
            links, update_conflicts=True, unique_fields=["source", "kind", "remote_id"], update_fields=LINK_FIELDS
        )

    def _ask(self, unclear: list[SourceLink]) -> None:
        """Say which rows could be meant; whoever has chosen one in this moment is not overruled."""
        SourceLink.objects.bulk_create(unclear, ignore_conflicts=True)
        for link in unclear:
            rows = SourceLink.objects.filter(source=self.source, kind=link.kind, remote_id=link.remote_id)
            rows.filter(object_id=None, as_new=False).update(candidates=link.candidates, label=link.label)

    def _check(self, checked: Iterable[tuple[Item, Any]]) -> None:
        """What the source says of them is read from now on; what answered from here is pinged besides."""
        checks = []
        for item, thing in checked:
            checks.append(uisp_check(self.source, thing))
            if item.row.id in self.pinged and thing.address:
                checks.append(Check(equipment=thing, probe="icmp"))
        Check.objects.bulk_create(checks, ignore_conflicts=True)

    def _talk_to(self, items: Iterable[Item], made: dict[tuple[str, str], Any], fresh: dict[int, Any]) -> None:
        """Contacts that came are added, contacts that went are taken away unless they were changed here."""
        for item in items:
            customer = made.get(item.row.key) or fresh.get(item.pk or 0)
            if customer is None or item.row.contacts is None:
                continue
            before = {tuple(one) for one in item.last.get("contacts", ())}
            now = set(item.row.contacts)
            if now - before:
                _add_contacts(customer, [one for one in item.row.contacts if one not in before])
            for name, email, phone in before - now:
                _drop_contact(customer, name, email, phone)


def forgotten(things: Mapping[int, Any]) -> dict[int, int]:
    """Those of them whose customer was anonymised, with that one: no source brings the name back, nor where it was."""
    owners = {pk: pk if isinstance(thing, Customer) else thing.customer_id for pk, thing in things.items()}
    anonymous = Customer.objects.exclude(anonymised_at=None).filter(pk__in={pk for pk in owners.values() if pk})
    gone = set(anonymous.values_list("pk", flat=True))
    return {pk: owner for pk, owner in owners.items() if owner in gone}


def is_handed_on(item: Item, owners: Mapping[int, int]) -> bool:
    """Does the source give it to another customer by now?"""
    return item.said.get("customer_id") not in (None, owners[item.pk or 0])


def uisp_check(source: Source, equipment: Any) -> Check:
    """The check by which a source's word on a piece of equipment is judged, not saved yet."""
    rule = {"interval": source.interval, "count": source.count, "window": source.window}
    return Check(equipment=equipment, probe="uisp", on=source.on, **rule)


def _add_contacts(customer: Any, new: Sequence[tuple[str, str, str]]) -> None:
    there = set(customer.contacts.values_list("name", "email", "phone"))
    rows = [
        Contact(customer=customer, name=name, email=email, phone=phone)
        for name, email, phone in new
        if (name, email, phone) not in there
    ]
    Contact.objects.quietly().bulk_create(rows)


def _drop_contact(customer: Any, name: str, email: str, phone: str) -> None:
    try:
        with transaction.atomic():
            rows = Contact.objects.quietly().filter(customer=customer, name=name, email=email, phone=phone)
            rows.delete()
    except ProtectedError:
        # Something was sent to them: they stay for that.
        return


def batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """So many at a time."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


@dataclass(frozen=True)
class Hanging:
    """Where a piece of equipment hangs by the word of the source; `told`: a device said so, it is not concluded."""

    pk: int
    upper: int
    told: bool
    link: SourceLink


def to_hang(wanted: Iterable[Hanging], there: dict[int, int | None]) -> list[Hanging]:
    """Those to write: no ring, nothing that staff have set, and what is only concluded moves nothing.

    `there` is where everything hangs now.
    """
    after, found = dict(there), []
    for one in wanted:
        now, last = after.get(one.pk), one.link.last.get("uplink_id")
        ours = now == last and (one.told or now is None)
        if (
            ours
            and now != one.upper
            and {one.pk, one.upper} <= after.keys()
            and not _leads_to(one.upper, one.pk, after)
        ):
            after[one.pk] = one.upper
            found.append(one)
    return found


def _leads_to(start: int, goal: int, hanging: dict[int, int | None]) -> bool:
    seen: set[int] = set()
    at: int | None = start
    while at is not None and at != goal and at not in seen:
        seen.add(at)
        at = hanging.get(at)
    return at == goal


def write_hanging(moved: Sequence[Hanging]) -> None:
    """One batch of uplinks; to be called in a transaction."""
    by_upper: dict[int, list[int]] = {}
    for one in moved:
        by_upper.setdefault(one.upper, []).append(one.pk)
        one.link.last = one.link.last | {"uplink_id": one.upper}
    for upper, pks in by_upper.items():
        Equipment.objects.quietly().filter(pk__in=pks).update(uplink=upper)
    SourceLink.objects.bulk_update([one.link for one in moved], ["last"])


def put_away(link: SourceLink, now: datetime) -> bool:
    """Archive what has vanished upstream; False where something that is still there hangs on it."""
    thing: Any = link.thing
    if isinstance(thing, (Customer, Site)) and thing.equipment.current().exists():
        return False
    if thing is not None:
        type(thing).objects.quietly().filter(pk=thing.pk, archived_at=None).update(archived_at=now)
    # What staff had archived themselves is not ours to bring back.
    if thing is None or thing.archived_at is None:
        SourceLink.objects.filter(pk=link.pk).update(gone_at=now)
    return True
