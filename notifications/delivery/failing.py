"""Addresses that do not work: those that are off for a fault, and those at which something failed in the last days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery, prefetch_related_objects

from notifications import hearing, recipients
from notifications.channels.channel import named
from notifications.models import Address, Attempt, Delivery

LATELY = timedelta(days=7)
SHOWN = 200
Fault = tuple[str, datetime | None]


@dataclass(frozen=True, slots=True)
class Failing:
    """One address: how it is, what went wrong last, and when something came through."""

    address: Address
    failed: int
    fault: str
    fault_at: datetime | None
    worked_at: datetime | None

    @property
    def owner(self) -> str:
        """Whose it is."""
        return _owner(self.address)

    @property
    def by(self) -> str:
        """The channel by its label."""
        return hearing.channel_label(self.address.channel)

    @property
    def to(self) -> str:
        """The address, as far as it may be shown."""
        return _shown(self.address)

    @property
    def is_off(self) -> bool:
        """Was it turned off because it did not work?"""
        return self.address.off_at is not None

    @property
    def lacks(self) -> str:
        """Why no test can be sent; nothing where it can."""
        return lacks(self.address)


def _owner(address: Address) -> str:
    person: Any = address.owner
    return str(person) if person is not None else "somebody who is gone"


def _shown(address: Address) -> str:
    if address.label:
        return address.label
    return named(address.channel).shown(address) if address.channel in settings.CHANNELS else str(address)


def called(address: Address) -> str:
    """An address in a sentence: its channel, where it leads, as far as that may be shown, and whose it is."""
    return f"{hearing.channel_label(address.channel)} {_shown(address)} of {_owner(address)}"


def lacks(address: Address) -> str:
    """Why nothing can be sent there; nothing where it can."""
    if address.channel not in settings.CHANNELS:
        return "There is no such channel any more."
    if address.off_at is not None:
        return "It is off: turn it on first."
    if not address.wanted:
        return "Its owner has turned it off."
    if not address.is_usable:
        return "It is not verified."
    if not recipients.is_allowed(named(address.channel), address.owner):
        return "Its owner has no right to this channel any more."
    return named(address.channel).lacks()


def read(now: datetime, most: int = SHOWN) -> tuple[list[Failing], bool]:
    """The addresses that do not work, the latest fault first; are there more than so many?"""
    lately = _failed_lately(now)
    rows = Address.objects.filter(Q(off_at__isnull=False) | Q(pk__in=list(lately)))
    faults = _faults([newest for _, newest in lately.values()])
    found = sorted(rows, key=lambda one: _since(one, lately, faults) or now, reverse=True)
    shown = found[:most]
    prefetch_related_objects(shown, "owner")
    worked = _worked([one.pk for one in shown])
    lines = []
    for one in shown:
        failed, newest = lately.get(one.pk, (0, 0))
        lines.append(Failing(one, failed, *faults.get(newest, ("", None)), worked.get(one.pk)))
    return lines, len(found) > most


def _since(address: Address, lately: dict[int, tuple[int, int]], faults: dict[int, Fault]) -> datetime | None:
    _, newest = lately.get(address.pk, (0, 0))
    return address.off_at or faults.get(newest, ("", None))[1]


def _failed_lately(now: datetime) -> dict[int, tuple[int, int]]:
    """How many deliveries failed for good since a week ago, and the newest of them, by the pk of their address."""
    rows = Delivery.objects.filter(state=Delivery.State.FAILED, address__isnull=False, due_at__gte=now - LATELY)
    found: dict[int, tuple[int, int]] = {}
    # Counted here: grouped by the database, all deliveries would be read by their addresses.
    for address, pk in rows.order_by("pk").values_list("address", "pk"):
        found[address] = (found.get(address, (0, 0))[0] + 1, pk)
    return found


def _faults(deliveries: list[int]) -> dict[int, Fault]:
    """What the last try of each of these deliveries said, and when it began."""
    rows = Attempt.objects.filter(delivery__in=deliveries).order_by("pk")
    return {delivery: (said, at) for delivery, said, at in rows.values_list("delivery", "error", "started_at")}


def _worked(keys: list[int]) -> dict[int, datetime]:
    """When something was taken last, by the pk of the address."""
    done = Delivery.objects.filter(address=OuterRef("pk"), state=Delivery.State.DONE).order_by("-pk").values("pk")[:1]
    rows = Address.objects.filter(pk__in=keys).annotate(last=Subquery(done)).values_list("last", "pk")
    last = {delivery: address for delivery, address in rows if delivery}
    ended = Attempt.objects.filter(delivery__in=last, error="", ended_at__isnull=False)
    return {last[delivery]: at for delivery, at in ended.values_list("delivery", "ended_at") if at}
