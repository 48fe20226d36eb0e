"""What the agents are given to look at: the checks of this floor as jobs of floor 1."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from django.conf import settings
from django.db.models import F

from agents import roster, ways
from agents.probes.readings import Target
from agents.work import Job
from customers.equipment import uplinks as tree
from outages.models import Check, Checks


def work(shard: int) -> list[Job]:
    """Everything that this shard looks at."""
    return _jobs(Check.objects.looked_at().alias(shard=F("pk") % settings.SHARDS).filter(shard=shard))


def parents(equipment: Iterable[int]) -> list[Job]:
    """The jobs of the nearest equipment above each of these that is looked at and has ever answered.

    Only where it is believed up: what is being decided, or is down, needs no question out of turn.
    """
    # One query for the whole tree: suspects come in crowds, and each would need a walk of its own.
    uplinks = tree.uplinks()
    lines = [tree.above(uplinks, pk) for pk in equipment]
    checks = Check.objects.looked_at().filter(equipment__in={pk for line in lines for pk in line})
    seen = set(checks.exclude(state=Check.State.NEW).values_list("equipment", flat=True))
    nearest = {pk for line in lines if (pk := next((above for above in line if above in seen), None))}
    return _jobs(checks.filter(equipment__in=nearest, settled=True))


def _jobs(checks: Checks) -> list[Job]:
    """As jobs. Loopback and link-local addresses are asked only where an invented network runs on them."""
    may_loop = roster.here().simulated
    rows = checks.values_list("pk", "probe", "equipment__address", "port", "interval", "state", "settled", "run")
    return [
        Job(
            probe=probe,
            target=Target(pk, address, {"port": port} if port else {}, ways.tries(interval)),
            interval=float(interval),
            soon=state == Check.State.NEW or bool(run) if not settled else False,
        )
        for pk, probe, address, port, interval, state, settled, run in rows
        if address and (may_loop or not is_own(address))
    ]


def is_refused(address: str) -> bool:
    """Is this address never asked, because no device of a network can be there?"""
    return is_own(address) and not roster.here().simulated


def is_own(address: str) -> bool:
    """Does the address mean this host or its link, and no device of the network?"""
    if not address.startswith(("127.", "169.254.", "::", "fe")):
        return False
    found = ipaddress.ip_address(address)
    return found.is_loopback or found.is_link_local
