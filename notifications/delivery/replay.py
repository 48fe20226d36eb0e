"""Dead letters: deliveries that failed for good are sent once more, or discarded, one by one or many at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from notifications import audit, recipients
from notifications.channels.channel import named
from notifications.models import Address, Deliveries, Delivery

REPLAYED, DISCARDED = "replayed", "letters_discarded"


class Refused(ValueError):
    """It cannot be sent once more; the text says why."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many are sent once more, and why the others are not: (reason, how many)."""

    count: int
    refused: tuple[tuple[str, int], ...] = ()

    @property
    def words(self) -> str:
        """It in a sentence or two."""
        said = ["None is sent once more."]
        if self.count:
            said = [f"{self.count} {'delivery is' if self.count == 1 else 'deliveries are'} sent once more."]
        return " ".join(said + [f"{count} cannot be: {reason}" for reason, count in self.refused])


def obstacles() -> tuple[tuple[Q, str], ...]:
    """What keeps a delivery from being sent, as a condition and in words; the first that holds counts."""
    return (
        (Q(address=None), "Its address is gone."),
        (~Q(address__channel__in=settings.CHANNELS), "There is no such channel any more."),
        (Q(address__wanted=False), "Its owner has turned this address off."),
        (Q(address__off_at__isnull=False), "Its address is off, because it did not work: turn that on again first."),
        (~Q(address__in=Address.objects.usable()), "Its address is not verified."),
        (Q(notice__withdrawn_at__isnull=False), "Its notice has been withdrawn: it is not true any more."),
    )


def obstacle(delivery: Delivery) -> str:
    """Why this delivery cannot be sent once more; nothing where it can."""
    rows = Delivery.objects.filter(pk=delivery.pk)
    if not rows.filter(state=Delivery.State.FAILED).exists():
        return "It has not failed."
    reasons = [reason for reason, rows in _sorted_out(rows)[1] if rows.exists()]
    person: Any = delivery.notice.recipient
    if not reasons and (person is None or not getattr(person, "is_active", True)):
        reasons = ["Whoever it was meant for has left."]
    if not reasons and not recipients.is_allowed(named(delivery.to.channel), person):
        reasons = ["Whoever it was meant for has no right to this channel any more."]
    return reasons[0] if reasons else ""


def replay(delivery: Delivery, now: datetime) -> None:
    """Send one once more, with all its tries before it and its attempts kept; raises Refused."""
    if reason := obstacle(delivery):
        raise Refused(reason)
    if not replay_all(Delivery.objects.filter(pk=delivery.pk), now).count:
        raise Refused("Somebody else has taken it on.")


def replay_all(rows: Deliveries, now: datetime) -> Replayed:
    """Send those of the rows that failed once more, as far as they can be; what came of it."""
    with transaction.atomic():
        possible, kept_back = _sorted_out(rows.filter(state=Delivery.State.FAILED).order_by())
        refused = _counted(kept_back)
        keys = possible.values("pk")
        fresh = {"state": Delivery.State.WAITING, "tries": 0, "due_at": now, "lease": "", "leased_until": None}
        count = Delivery.objects.filter(pk__in=keys, state=Delivery.State.FAILED).update(**fresh)
        if count:
            recipients.wake()
            audit.note(REPLAYED, about=_called(count))
    return Replayed(count, refused)


def foreseen(rows: Deliveries) -> Replayed:
    """What would come of sending those of the rows that failed once more."""
    possible, kept_back = _sorted_out(rows.filter(state=Delivery.State.FAILED).order_by())
    return Replayed(possible.count(), _counted(kept_back))


def _counted(kept_back: list[tuple[str, Deliveries]]) -> tuple[tuple[str, int], ...]:
    return tuple((reason, count) for reason, some in kept_back if (count := some.count()))


def _sorted_out(failed: Deliveries) -> tuple[Deliveries, list[tuple[str, Deliveries]]]:
    """Those that can be sent, and those that cannot by the reason."""
    kept_back = []
    for condition, reason in obstacles():
        kept_back.append((reason, failed.filter(condition)))
        failed = failed.exclude(condition)
    return failed, kept_back


def discard(rows: Deliveries) -> int:
    """Never send those of the rows that failed; their notices stay in the inbox. How many."""
    with transaction.atomic():
        count = rows.filter(state=Delivery.State.FAILED).order_by().update(state=Delivery.State.WITHDRAWN)
        if count:
            audit.note(DISCARDED, about=_called(count))
    return count


def _called(count: int) -> str:
    return f"{count} failed deliver{'y' if count == 1 else 'ies'}"
