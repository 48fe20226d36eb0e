"""Synchronising with a source: towers, customers, equipment, uplinks, and what has vanished. Idempotent, and quiet.

Each step stands by itself: killed after any batch, it goes on at the next run.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents import roster
from agents.clients.faults import UpstreamFault
from customers.equipment import uplinks
from notifications import live
from outages.sources import asking, planning, progress, writing
from outages.sources.known import CUSTOMERS, EQUIPMENT, SITES, Table, kind_of, load, references
from outages.sources.models import Source, SourceLink, SourceRun
from outages.sources.picture import draw
from outages.sources.planning import Item, Verdict
from outages.sources.rows import SHOWN, SITE, Picture, Reference, Row

log = logging.getLogger(__name__)
KIND_WORDS = {"site": "Sites", "device": "Devices", "client": "Customers", "service": "Services"}
WRONG = "something went wrong that should not; the log says what"


def sync(source: Source) -> bool:
    """Do it, unless it is under way; whether it came to its end. What went wrong is kept on the run and the source."""
    run = progress.claim(source, SourceRun.Sort.SYNC)
    if run is None:
        return False
    began = timezone.now()
    try:
        report = Synchronisation(source, run).report()
    except progress.Overtaken:
        log.warning("the synchronisation with %s was silent for too long, and another has begun", source)
        return False
    except (UpstreamFault, ValueError) as fault:
        _fail(source, run, str(fault))
        return False
    except Exception:
        _fail(source, run, WRONG)
        raise
    Source.objects.quietly().filter(pk=source.pk).update(synced_at=began, sync_report=report, believe=False)
    progress.end(run)
    return True


def _fail(source: Source, run: SourceRun, why: str) -> None:
    failed = {"failed": why, "at": timezone.now().isoformat()}
    Source.objects.quietly().filter(pk=source.pk).update(sync_report=source.sync_report | failed)
    progress.end(run, why, failed=True)


class Synchronisation:
    """One run."""

    def __init__(self, source: Source, run: SourceRun) -> None:
        self.source, self.run = source, run
        self.done: dict[str, dict[str, int]] = {}
        self.doubted: list[str] = []
        self.before: dict[str, int] = source.sync_report.get("listed", {})
        # By kind the last link that was made before the list was last believed, whatever ended half-way since.
        last = source.links.aggregate(last=Max("pk"))["last"] or 0
        self.last: dict[str, int] = dict.fromkeys(SourceLink.Kind.values, last) | source.sync_report.get("last", {})
        preview = source.runs.filter(sort=SourceRun.Sort.PREVIEW).first()
        self.pinged = set(preview.answered) if preview and source.ping else set()

    def report(self) -> dict[str, Any]:
        """Ask, write, and say what came of it; raises UpstreamFault, and then nothing was written."""
        picture = draw(asking.ask(self.source, lambda *how_far: progress.tell(self.run, *how_far)))
        wanted = {row.key for row in (*picture.sites, *picture.customers, *picture.equipment)}
        there = self._from_before(self.source.links.all())
        self._fill(SITES, picture.sites)
        unsure = planning.owners_missing(there, picture.seen, self.before, self.source.believe)
        if unsure:
            picture.keep_owners()
        self._fill(CUSTOMERS, picture.customers, skip=_of_a_place if unsure else None)
        blind = planning.devices_missing(there, picture.seen, self.before)
        self._fill(EQUIPMENT, picture.equipment, skip=planning.is_made_up if blind or unsure else None)
        self._hang(picture)
        doubts, archived = self._put_away(picture, wanted, unsure)
        roster.tell_new_work()
        live.bump("looking")
        return {
            "at": timezone.now().isoformat(),
            "rows": self.done,
            "archived": archived,
            "doubts": doubts,
            "doubted": self.doubted,
            "conflicts": picture.conflicts[:SHOWN],
            "conflicts_count": len(picture.conflicts),
            "dropped": picture.dropped[:SHOWN],
            "dropped_count": len(picture.dropped),
            "listed": self.before,
            "last": self.last,
            "counts": picture.counts,
        }

    def _fill(self, table: Table, rows: list[Row], skip: Callable[[Item], bool] | None = None) -> None:
        known, found = load(self.source, table), references(self.source)
        items = [item for item in planning.match(rows, known, _resolver(found)) if not (skip and skip(item))]
        writer = writing.Writer(self.source, table, self.pinged)
        busy = [item for item in items if not writer.idle(item, known.rows.get(item.pk or 0))]
        for number, batch in enumerate(writing.batches(busy)):
            with transaction.atomic():
                progress.tell(self.run, f"Writing {table.nouns}", number * writing.BATCH, len(busy))
                writer.write(batch)
        verdicts = Counter(item.verdict.value for item in items)
        self.done[table.noun] = {**verdicts, "changed": writer.written.changed, "restored": writer.written.restored}

    def _hang(self, picture: Picture) -> None:
        """Uplinks, when all that they lead to is there."""
        links = {(link.kind, link.remote_id): link for link in self.source.links.exclude(object_id=None).iterator()}
        pks = {key: link.object_id for key, link in links.items()}
        there = uplinks.uplinks()
        wanted = [
            writing.Hanging(pk, upper, row.told, links[row.key])
            for row in picture.equipment
            if row.above and (pk := pks.get(row.key)) and (upper := pks.get(row.above))
        ]
        # Told by devices first: what is concluded must not stand in their way.
        moved = writing.to_hang(sorted(wanted, key=lambda one: not one.told), there)
        for number, batch in enumerate(writing.batches(moved)):
            with transaction.atomic():
                progress.tell(self.run, "Writing uplinks", number * writing.BATCH, len(moved))
                writing.write_hanging(batch)
        self.done["uplink"] = {"changed": len(moved)}

    def _from_before(self, links: Iterable[SourceLink]) -> list[SourceLink]:
        """Without those that have come since: they do not make up for what is missing."""
        return [link for link in links if link.pk <= self.last[link.kind]]

    def _put_away(
        self, picture: Picture, wanted: set[Reference], unsure: dict[str, str]
    ) -> tuple[list[str], dict[str, int]]:
        links = list(self.source.links.select_related("object_type"))
        last = max((link.pk for link in links), default=0)
        gone = planning.gone(self._from_before(links), picture.seen, wanted, self.before, self.source.believe)
        gone.doubts = unsure | gone.doubts
        standing = {(link.object_type_id, link.object_id) for link in links if (link.kind, link.remote_id) in wanted}
        order = [kind_of(table).pk for table in (EQUIPMENT, CUSTOMERS, SITES)]
        archived: Counter[str] = Counter()
        held = []
        missed = sorted(gone.links, key=lambda link: order.index(link.object_type_id or 0))
        for number, batch in enumerate(writing.batches(missed)):
            with transaction.atomic():
                progress.tell(self.run, "Putting away what has vanished", number * writing.BATCH, len(missed))
                for link in batch:
                    if (link.object_type_id, link.object_id) in standing:
                        # Something else upstream stands for the same row by now.
                        link.delete()
                    elif writing.put_away(link, timezone.now()):
                        archived[link.object_type.name if link.object_type else ""] += 1
                    else:
                        held.append(f"{link} has vanished, and stays here: equipment still belongs to it.")
        kinds = {kind: len(seen.listed) for kind, seen in picture.seen.items() if kind not in gone.doubts}
        self.before, self.doubted = self.before | kinds, sorted(gone.doubts)
        self.last |= dict.fromkeys(kinds, last)
        doubts = [
            f"{KIND_WORDS.get(kind, 'Customers')}: {why}; nothing was archived." for kind, why in gone.doubts.items()
        ]
        return [*doubts, *held[:SHOWN]], dict(archived)


def _of_a_place(item: Item) -> bool:
    """Is it a customer whom we would invent because no client seems to be at a place?"""
    return item.verdict == Verdict.NEW and item.row.kind == SITE


def _resolver(found: dict[Reference, tuple[int, int]]) -> Callable[[Reference], int | None]:
    return lambda reference: found[reference][1] if reference in found else None
