"""Looking at a source before anything is imported: what would come of it, and how much of it answers from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from agents import ways
from agents.clients.faults import UpstreamFault
from agents.probes.readings import ProbeError, Target
from customers.equipment.models import Kind
from outages.looking import is_own
from outages.sources import asking, planning, progress
from outages.sources.known import CUSTOMERS, EQUIPMENT, SITES, Table, load, references
from outages.sources.models import Source, SourceRun
from outages.sources.picture import draw
from outages.sources.planning import Item, Verdict
from outages.sources.rows import DEVICE, SHOWN, Picture, Row
from outages.sources.sync import WRONG

# Pinged at once: so many that few rounds are needed, so few that one sees it move.
AT_ONCE = 300


def look(source: Source) -> bool:
    """Do it, unless it is under way; whether it came to its end. What went wrong is kept on the run."""
    run = progress.claim(source, SourceRun.Sort.PREVIEW)
    if run is None:
        return False
    try:
        picture = draw(asking.ask(source, lambda *how_far: progress.tell(run, *how_far)))
        progress.tell(run, "Comparing with what is there", 0, 0)
        found = _found(source, picture)
        found["reach"], answered = _reach(run, picture.equipment)
        SourceRun.objects.filter(pk=run.pk, turn=run.turn).update(found=found, answered=answered)
        progress.end(run)
    except progress.Overtaken:
        return False
    except (UpstreamFault, ValueError) as fault:
        progress.end(run, str(fault), failed=True)
        return False
    except Exception:
        progress.end(run, WRONG, failed=True)
        raise
    return True


def _found(source: Source, picture: Picture) -> dict[str, Any]:
    """What would come of it, as its page shows it."""
    kinds = {kind.label: picture.kinds[kind.value] for kind in Kind if picture.kinds.get(kind.value)}
    tables = [_outcome(source, table, rows) for table, rows in _tables(picture)]
    down = picture.down()
    lists = {
        "conflicts": picture.conflicts,
        "dropped": picture.dropped,
        "bare_customers": picture.bare_customers,
        "bare_devices": picture.bare_devices,
        "down": down,
    }
    shown = {name: {"count": len(rows), "rows": rows[:SHOWN]} for name, rows in lists.items()}
    return {"counts": picture.counts, "kinds": kinds, "tables": tables, **shown}


def _tables(picture: Picture) -> list[tuple[Table, list[Row]]]:
    return [(SITES, picture.sites), (CUSTOMERS, picture.customers), (EQUIPMENT, picture.equipment)]


def _outcome(source: Source, table: Table, rows: list[Row]) -> dict[str, Any]:
    """How many rows of a table are new, recognised, or for somebody to decide, and which these are."""
    known, found = load(source, table), references(source)
    items = planning.match(rows, known, lambda reference: found[reference][1] if reference in found else None)
    verdicts = Counter(item.verdict.value for item in items)
    unclear = [item for item in items if item.verdict == Verdict.UNCLEAR]
    named = [{"label": item.row.label, "may_be": _named(item, known.rows)} for item in unclear[:SHOWN]]
    there = verdicts[Verdict.LINKED] + verdicts[Verdict.RECOGNISED]
    return {"nouns": table.nouns, "total": len(items), "known": there, **verdicts, "to_decide": named}


def _named(item: Item, rows: dict[int, dict[str, Any]]) -> list[str]:
    return [str(rows[pk]["name"]) for pk in item.candidates[:5]]


def _reach(run: SourceRun, rows: Iterable[Row]) -> tuple[dict[str, Any], list[str]]:
    """How many answer a ping from here, by what they are; and the ids of those that do."""
    asked = [row for row in rows if row.kind == DEVICE and _is_elsewhere(row.values.get("address", ""))]
    answered: list[Row] = []
    refusals = []
    starts = range(0, len(asked), AT_ONCE)
    for start in starts:
        progress.tell(run, f"{len(answered)} answer from here so far", start, len(asked))
        try:
            answered += _ping(asked[start : start + AT_ONCE])
        except ProbeError as refusal:
            refusals.append(str(refusal))
    if refusals and len(refusals) == len(starts):
        return {"why": refusals[0]}, []
    ids = {row.id for row in answered}
    return {name: _answers(rows, ids) for name, rows in _by_owner(asked).items()}, sorted(ids)


def _is_elsewhere(address: str) -> bool:
    """A ping to this machine itself, as an invented network has it, is answered whatever the device does."""
    return bool(address) and not is_own(address)


def _by_owner(rows: Iterable[Row]) -> dict[str, list[Row]]:
    rows = list(rows)
    return {"network": [row for row in rows if not _is_cpe(row)], "cpes": [row for row in rows if _is_cpe(row)]}


def _answers(rows: list[Row], ids: set[str]) -> dict[str, int]:
    return {"asked": len(rows), "answered": sum(row.id in ids for row in rows)}


def _is_cpe(row: Row) -> bool:
    return row.when_new.get("kind") == Kind.CPE.value


def _ping(rows: Sequence[Row]) -> list[Row]:
    targets = [Target(number, row.values["address"], tries=2) for number, row in enumerate(rows)]
    return [rows[reading.key] for reading in ways.probe("icmp").probe(targets) if reading.up]
