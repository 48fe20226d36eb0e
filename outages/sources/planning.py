"""Comparing rows of a source with what is there: which are linked, recognised, new, or for somebody to decide.

Nothing is written. A column is written only while it still holds what was synchronised last, so that what staff have
corrected stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from outages.sources.known import CUSTOMERS, PROOF, SITES, WAYS, Known, Table, mail_and_name
from outages.sources.models import SourceLink
from outages.sources.rows import CLIENT, CONNECTION, DEVICE, SERVICE, SITE, Reference, Row, Seen

NAMES = ("given_name", "family_name", "company_name")
# Of a row that is there already, only what says nothing is filled in at first.
SAYS_NOTHING = (None, "", False)


class Verdict(StrEnum):
    """What a row of the source is to us."""

    LINKED = "linked"
    RECOGNISED = "recognised"
    NEW = "new"
    UNCLEAR = "unclear"
    # Somebody has deleted what stood for it: it is not made again.
    DELETED = "deleted"


@dataclass
class Item:
    """A row of the source, and the row of ours that it is found to be."""

    row: Row
    verdict: Verdict
    link: SourceLink | None = None
    pk: int | None = None
    candidates: list[int] = field(default_factory=list)
    # Our columns with what the source says for them, references resolved.
    said: dict[str, Any] = field(default_factory=dict)
    # What was synchronised last.
    last: dict[str, Any] = field(default_factory=dict)
    # Its link of before, where it has another id by now.
    moved: SourceLink | None = None

    @property
    def is_back(self) -> bool:
        """Had it vanished upstream?"""
        link = self.moved or self.link
        return bool(link and link.gone_at)


Resolve = Callable[[Reference], int | None]


def match(rows: Iterable[Row], known: Known, resolve: Resolve) -> list[Item]:
    """Each row with what it is found to be; those that two rows of the source could be are for somebody to decide.

    Without the connections of customers who only seem to have no device.
    """
    rows = list(rows)
    known.shared = {value for value, count in Counter(row.values.get("address") for row in rows).items() if count > 1}
    items = [_linked(row, known) for row in rows]
    _move(items, known)
    claims = Counter(pk for item in items for pk in item.candidates)
    for item in items:
        clear = len(item.candidates) == 1 and claims[item.candidates[0]] == 1
        if item.verdict == Verdict.UNCLEAR and clear:
            item.verdict, item.pk, item.candidates = Verdict.RECOGNISED, item.candidates[0], []
    _name_sites(items, known)
    for item in items:
        item.said = _said(item, resolve)
    # A device that is lost may not say where it stands: it still stands at whose it was.
    served = {known.rows[item.pk].get("customer_id") for item in items if item.pk and "customer_id" not in item.said}
    return [item for item in items if not (is_made_up(item) and item.said.get("customer_id") in served - {None})]


def _linked(row: Row, known: Known) -> Item:
    link = known.links.get(row.key)
    if link and link.object_id:
        there = link.object_id in known.rows
        pk = link.object_id if there else None
        return Item(row, Verdict.LINKED if there else Verdict.DELETED, link, pk, last=dict(link.last))
    for once in row.once:
        before = known.links.get(once)
        if before and before.object_id in known.rows and before.object_id not in known.handed_on:
            known.handed_on.add(before.object_id)
            return Item(row, Verdict.RECOGNISED, link, before.object_id, last=dict(before.last))
    if link and link.as_new:
        return Item(row, Verdict.NEW, link)
    candidates = RECOGNISE[known.table.noun](row, known)
    return Item(row, Verdict.UNCLEAR if candidates else Verdict.NEW, link, candidates=candidates)


def _move(items: list[Item], known: Known) -> None:
    """What has another id than before goes on as what it was, with its link, where one alone can be meant."""
    proof, there = PROOF[known.table.noun], {item.row.key for item in items}
    value_of = WAYS[known.table.noun][proof]
    left, came = defaultdict(list), defaultdict(list)
    for key, link in known.links.items():
        # The number of a customer who has left may be another's by now.
        if key not in there and link.object_id in known.rows and not (link.gone_at and known.table is CUSTOMERS):
            left[link.kind, value_of(known.rows[link.object_id])].append(link)
    for item in items:
        if item.link is None and item.pk is None and item.row.values.get(proof):
            came[item.row.kind, value_of(item.row.values)].append(item)
    for value, found in came.items():
        if len(found) == len(left[value]) == 1:
            item, link = found[0], left[value][0]
            item.verdict, item.candidates = Verdict.RECOGNISED, []
            item.moved, item.pk, item.last = link, link.object_id, dict(link.last)


def _site(row: Row, known: Known) -> list[int]:
    return known.find("name", row.values["name"].casefold())


def _customer(row: Row, known: Known) -> list[int]:
    """By its number, or else by e-mail and name together."""
    account, values = row.values.get("account", ""), row.values
    found = known.find("account", account.casefold()) if account else []
    if found:
        return found
    key = mail_and_name(values.get("email", ""), row.label)
    alike = known.find("mail and name", key) if key else []
    # Another number is another customer, however much is the same.
    return [pk for pk in alike if not (account and known.rows[pk]["account"])]


def _equipment(row: Row, known: Known) -> list[int]:
    """By its MAC, or else by its address; who has another MAC at that address is another device.

    An address that several have upstream, as every home router has the same one, says nothing.
    """
    mac, address = row.values.get("mac", ""), row.values.get("address", "")
    found = known.find("mac", mac) if mac else []
    if found:
        return found
    alike = known.find("address", address) if address and address not in known.shared else []
    return [pk for pk in alike if not (mac and known.rows[pk]["mac"])]


RECOGNISE: dict[str, Callable[[Row, Known], list[int]]] = {
    "site": _site,
    "customer": _customer,
    "equipment": _equipment,
}


def _name_sites(items: list[Item], known: Known) -> None:
    """Sites have names of their own: the second of a name is told apart by a number."""
    if known.table is not SITES:
        return
    used = {row["name"].casefold(): pk for pk, row in known.rows.items()}
    # A site that two rows of the source could be is nobody's question: the first of them is it.
    for item in items:
        if item.verdict == Verdict.UNCLEAR:
            first = next((pk for pk in item.candidates if pk not in known.taken), None)
            item.verdict, item.pk = (Verdict.RECOGNISED, first) if first else (Verdict.NEW, None)
            item.candidates = []
            known.taken |= {first} if first else set()
        item.row.values["name"] = _free(item.row.values["name"], item.pk, used)
        used[item.row.values["name"].casefold()] = item.pk or -1


def _free(name: str, pk: int | None, used: Mapping[str, int]) -> str:
    number, found = 2, name
    while used.get(found.casefold(), pk) != pk:
        found, number = f"{name} ({number})", number + 1
    return found


def _said(item: Item, resolve: Resolve) -> dict[str, Any]:
    """A reference to what is not there (yet) is left out: nothing is known."""
    said = dict(item.row.when_new if item.verdict == Verdict.NEW else item.row.values)
    for column, reference in item.row.points.items():
        pk = resolve(reference) if reference else None
        if pk is not None or reference is None:
            said[column] = pk
    return said


def is_made_up(item: Item) -> bool:
    """Is it equipment that we would invent, or bring back, because no device, or no service, is seen?"""
    return (item.verdict == Verdict.NEW or item.is_back) and item.row.kind in (SERVICE, CONNECTION)


def changes(table: Table, there: Mapping[str, Any], last: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What to write, by column. `last` has what was synchronised last; what is not in it was never synchronised."""
    found = {}
    for column, value in said.items():
        untouched = there[column] == last[column] if column in last else there[column] in SAYS_NOTHING
        if untouched and there[column] != value:
            found[column] = value
    if table is CUSTOMERS:
        _keep_a_name(found, there, last)
    return found


def _keep_a_name(found: dict[str, Any], there: Mapping[str, Any], last: Mapping[str, Any]) -> None:
    """The three names go together: a customer who had a name keeps it at first, and none loses the last of them."""
    first = not any(name in last for name in NAMES) and any(there[name] for name in NAMES)
    if first or not any((there | found)[name] for name in NAMES):  # type: ignore[operator]
        for name in NAMES:
            found.pop(name, None)


@dataclass
class Gone:
    """What has vanished upstream, and by kind why a list could not be believed."""

    links: list[SourceLink] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)


def gone(
    links: Iterable[SourceLink],
    listed: Mapping[str, Seen],
    wanted: set[Reference],
    before: Mapping[str, int],
    believe: bool = False,
) -> Gone:
    """Which links stand for what has vanished; a list that cannot be trusted makes nothing vanish.

    `links` are those that were there when their list was last believed, `before` is how many rows it had then; with
    `believe` any list is, but an empty one.
    """
    found = Gone()
    for kind, there in _by_kind(links).items():
        seen = listed.get(kind)
        missed = [link for link in there if (kind, link.remote_id) not in wanted]
        if not missed or seen is None:
            continue
        why = shrunk(seen, there, before.get(kind, 0)) or ("" if seen.whole else "rows came without an id")
        if why and not (believe and seen.listed):
            found.doubts[kind] = why
        else:
            found.links += [link for link in missed if link.remote_id not in seen.unknown]
    if CLIENT in found.doubts and SERVICE in listed:
        # Those that are listed are missed only for want of their client.
        kept = listed[SERVICE].listed
        found.links = [link for link in found.links if link.kind != SERVICE or link.remote_id not in kept]
    return found


def _by_kind(links: Iterable[SourceLink]) -> dict[str, list[SourceLink]]:
    kinds: dict[str, list[SourceLink]] = defaultdict(list)
    for link in links:
        if link.gone_at is None and link.object_id is not None:
            kinds[link.kind].append(link)
    return kinds


def shrunk(seen: Seen, there: list[SourceLink], before: int) -> str:
    """Why a list is not believed to be whole, in words; "" where it may be. Links may be to a part of it only."""
    if not seen.listed:
        return "the list came empty"
    missed = [link for link in there if link.remote_id not in seen.listed and link.remote_id not in seen.unknown]
    known = max(before, len(there))
    lost = max(len(missed), known - len(seen.listed | seen.unknown))
    return f"{lost} of {known} are missing from the list" if lost * 2 > known else ""


def owners_missing(
    links: Iterable[SourceLink], listed: Mapping[str, Seen], before: Mapping[str, int], believe: bool = False
) -> dict[str, str]:
    """By kind, why so many clients or services are missing that equipment only seems to be nobody's.

    With `believe` they are gone, but not those of an empty list.
    """
    kinds, found = _by_kind(links), {}
    for kind in (CLIENT, SERVICE):
        if kind in listed and (kinds.get(kind) or before.get(kind)) and not (believe and listed[kind].listed):
            found[kind] = shrunk(listed[kind], kinds.get(kind, []), before.get(kind, 0))
    if CONNECTION in listed and SERVICE not in listed and before.get(SERVICE) and not believe:
        found[SERVICE] = "there is no such list any more"
    return {kind: why for kind, why in found.items() if why}


def devices_missing(links: Iterable[SourceLink], listed: Mapping[str, Seen], before: Mapping[str, int]) -> bool:
    """Are so many devices or places missing that services only seem to have none?"""
    kinds = _by_kind(links)
    known = [kind for kind in (DEVICE, SITE) if kind in listed and (kinds.get(kind) or before.get(kind))]
    return any(shrunk(listed[kind], kinds.get(kind, []), before.get(kind, 0)) for kind in known)
