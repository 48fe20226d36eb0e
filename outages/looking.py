"""What the agents are given to look at: the checks of this floor as jobs of floor 1."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import partial

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import F
from django.utils import timezone

from agents import roster, ways
from agents.probes.readings import Target
from agents.probes.uisp import Upstream
from agents.work import Job
from customers.equipment import uplinks as tree
from customers.models import Customer, Equipment, Kind
from outages.models import Check, Checks, Source
from outages.sources.allowed import refusal
from outages.sources.models import TELLING, SourceLink, SourceLinks

# The seconds until a poll is given up: before the next one is due, but where that is soon, UISP gets a little longer
# (4,000 devices took 5 s on a live network).
SHARE, SHORTEST, LONGEST = 0.9, 10.0, 60.0


def work(shard: int) -> list[Job]:
    """Everything that this shard looks at. A source belongs to one shard, whatever equipment it speaks of."""
    checks = Check.objects.looked_at().by_address().alias(shard=F("pk") % settings.SHARDS).filter(shard=shard)
    sources = Source.objects.asked().alias(shard=F("pk") % settings.SHARDS).filter(shard=shard)
    return _jobs(checks) + [job for source in sources for job in _batch(source)]


def parents(equipment: Iterable[int]) -> list[Job]:
    """The jobs of the nearest equipment above each of these that is looked at and has ever answered.

    Only where it is believed up: what is being decided, or is down, needs no question out of turn. A source is not
    asked out of turn for a single piece either.
    """
    # One query for the whole tree: suspects come in crowds, and each would need a walk of its own.
    uplinks = tree.uplinks()
    lines = [tree.above(uplinks, pk) for pk in equipment]
    checks = Check.objects.looked_at().filter(equipment__in={pk for line in lines for pk in line})
    seen = set(checks.exclude(state=Check.State.NEW).values_list("equipment", flat=True))
    nearest = {pk for line in lines if (pk := next((above for above in line if above in seen), None))}
    return _jobs(checks.by_address().filter(equipment__in=nearest, settled=True))


def _jobs(checks: Checks) -> list[Job]:
    """As jobs. Loopback and link-local addresses are asked only where an invented network runs on them."""
    may_loop = roster.here().simulated
    rows = checks.values_list("pk", "probe", "equipment__address", "port", "interval", "state", "settled", "run")
    return [
        Job(
            probe=probe,
            target=Target(pk, address, {"port": port} if port else {}, ways.tries(interval)),
            interval=float(interval),
            soon=not settled and (state == Check.State.NEW or bool(run)),
        )
        for pk, probe, address, port, interval, state, settled, run in rows
        if address and (may_loop or not is_own(address))
    ]


def _batch(source: Source) -> list[Job]:
    """The jobs of one source: each piece of equipment of which it says how it is, whatever its address."""
    upstream, batch, told = _upstream(source), f"source {source.pk}", _told(source)
    clients = _clients(source)
    checks = Check.objects.filter(probe=source.kind, on=True, equipment__archived_at=None)
    linked = checks.filter(equipment__in=_linked(source).values("object_id"))
    # Where the clock was set back since, times that were ahead then mean nothing any more.
    was_ahead = source.asked_at is not None and source.asked_at > timezone.now()
    asked_for = source.ask_at.timestamp() if source.ask_at and not was_ahead else 0.0
    not_before = source.not_before.timestamp() if source.not_before and not was_ahead else 0.0
    return [
        Job(
            probe=source.kind,
            target=Target(
                pk,
                "",
                {
                    "upstream": upstream,
                    "home": sort == Kind.CPE,
                    "client": clients.get(customer, ""),
                    **told[equipment],
                },
                tries=1,
            ),
            interval=float(source.interval),
            soon=source.asked_at is None,
            batch=batch,
            asked_for=asked_for,
            not_before=not_before,
        )
        for pk, equipment, sort, customer in linked.values_list(
            "pk", "equipment", "equipment__kind", "equipment__customer"
        )
        if equipment in told
    ]


def _upstream(source: Source) -> Upstream:
    return Upstream(
        url=source.address,
        nms_key=source.nms_key,
        crm_key=source.crm_key,
        verify_tls=source.verify_tls,
        seconds=min(max(source.interval * SHARE, min(source.interval * 2, SHORTEST)), LONGEST),
        interval=float(source.interval),
        refuse=partial(refusal, loopback=settings.LOOPBACK),
    )


def _linked(source: Source) -> SourceLinks:
    kind = ContentType.objects.get_for_model(Equipment)
    found: SourceLinks = source.links.filter(object_type=kind, kind__in=TELLING, gone_at=None)
    return found


def _clients(source: Source) -> dict[int | None, str]:
    """What the source calls each customer."""
    kind = ContentType.objects.get_for_model(Customer)
    rows = source.links.filter(object_type=kind, kind=SourceLink.Kind.CLIENT, gone_at=None)
    return dict(rows.values_list("object_id", "remote_id"))


def _told(source: Source) -> dict[int, dict[str, str]]:
    """What the source calls each piece of equipment; of several names the one that says most."""
    rows = _linked(source).values_list("object_id", "kind", "remote_id")
    ranked = sorted(rows, key=lambda row: TELLING.index(row[1]), reverse=True)
    return {equipment: {"kind": kind, "id": remote} for equipment, kind, remote in ranked if equipment is not None}


def is_refused(address: str) -> bool:
    """Is this address never asked, because no device of a network can be there?"""
    return is_own(address) and not roster.here().simulated


def is_own(address: str) -> bool:
    """Does the address mean this host or its link, and no device of the network?"""
    if not address.startswith(("127.", "169.254.", "::", "fe")):
        return False
    found = ipaddress.ip_address(address)
    return found.is_loopback or found.is_link_local
