"""The log of deliveries, read: the newest first, from where one page ended, never by counting or skipping."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, Q

from notifications import hearing
from notifications.channels.channel import Channel, is_quick, named
from notifications.event import declared
from notifications.models import Address, Attempt, Deliveries, Delivery, Notice

PER_PAGE = 50
# States with an index of their own, that are read faster by it than by the addresses.
FEW = (Delivery.State.FAILED, Delivery.State.HELD, Delivery.State.WAITING)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the log is asked for; `person` is one recipient, `after` the pk at which the last page ended."""

    channel: str = ""
    state: str = ""
    event: str = ""
    text: str = ""
    person: Model | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None


def read(wanted: Wanted, most: int = PER_PAGE) -> tuple[list[Delivery], int | None]:
    """So many deliveries at most, whole, and the place after which there are more (None: that is all)."""
    rows = rows_of(wanted)
    if wanted.after:
        rows = rows.filter(pk__lt=wanted.after)
    keys = list(rows.order_by("-pk").values_list("pk", flat=True)[: most + 1])
    found = whole(Delivery.objects.filter(pk__in=keys[:most])).order_by("-pk")
    return list(found), keys[most - 1] if len(keys) > most else None


def whole(rows: Deliveries) -> Deliveries:
    """Deliveries with all that a page says of them."""
    return rows.select_related("notice", "address").prefetch_related("attempts", "notice__recipient")


def rows_of(wanted: Wanted) -> Deliveries:
    """The deliveries that are asked for, in no order."""
    rows = Delivery.objects.order_by()
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.channel and wanted.state in FEW:
        rows = rows.filter(channel=wanted.channel)
    elif wanted.channel:
        rows = rows.filter(address__in=Address.objects.filter(channel=wanted.channel).values("pk"))
    about = _about(wanted)
    return rows.filter(about) if about else rows


def _about(wanted: Wanted) -> Q:
    """The conditions that its notice has to meet."""
    found = Q()
    if wanted.person is not None:
        kind = ContentType.objects.get_for_model(wanted.person)
        found &= Q(notice__recipient_type=kind, notice__recipient_id=wanted.person.pk)
    if wanted.event:
        found &= Q(notice__event=wanted.event)
    if wanted.text:
        found &= Q(notice__text__icontains=wanted.text)
    if wanted.since:
        found &= Q(notice__created_at__gte=wanted.since)
    if wanted.until:
        found &= Q(notice__created_at__lt=wanted.until)
    return found


def own(person: Model, most: int = 10) -> list[Line]:
    """The last that was sent to somebody by a channel that leaves the house, the newest first."""
    quiet = [name for name in settings.CHANNELS if is_quick(name)]
    if not Address.objects.of(person).exclude(channel__in=quiet).exists():
        return []
    loud = ~Q(channel__in=quiet)
    # By their notices, for which there is an index in the order of time.
    sent = Exists(Delivery.objects.filter(loud, notice=OuterRef("pk")))
    keys = Notice.objects.to(person).filter(sent).values_list("pk", flat=True)[:most]
    rows = Delivery.objects.filter(loud, notice__in=list(keys)).order_by("-pk")
    return [Line(one) for one in whole(rows)[:most]]


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery in words."""

    delivery: Delivery

    @property
    def notice(self) -> Notice:
        """What it tells."""
        return self.delivery.notice

    @property
    def state(self) -> Delivery.State:
        """Where it stands."""
        return Delivery.State(self.delivery.state)

    @property
    def channel(self) -> Channel | None:
        """By which channel it goes; None where the address or the channel is gone."""
        address = self.delivery.address
        return named(address.channel) if address and address.channel in settings.CHANNELS else None

    @property
    def by(self) -> str:
        """The channel by its label."""
        return hearing.channel_label(self.delivery.channel) or "Gone"

    @property
    def to(self) -> str:
        """The address, as far as it may be shown."""
        address = self.delivery.address
        if address is None:
            return self.delivery.gone or "an address that is gone"
        return address.label or (self.channel.shown(address) if self.channel else str(address))

    @property
    def who(self) -> str:
        """Whom it is for."""
        person: Any = self.notice.recipient
        return str(person) if person is not None else "somebody who is gone"

    @property
    def event(self) -> str:
        """What it is told of, by its label; nothing where somebody wrote it, or where it is a test."""
        key = self.notice.event
        event = declared().get(key)
        return event.label if event else key

    @property
    def attempts(self) -> list[Attempt]:
        """Every try, the first one first."""
        return list(self.delivery.attempts.all())

    @property
    def last(self) -> Attempt | None:
        """The last try."""
        return self.attempts[-1] if self.attempts else None

    @property
    def error(self) -> str:
        """Why it has not come through; nothing where it has, or where nothing was tried."""
        if self.delivery.state == Delivery.State.DONE or self.last is None:
            return ""
        return self.last.error or ("" if self.last.ended_at else "It was begun, and its end is not known.")

    @property
    def is_failed(self) -> bool:
        """Can it be replayed or discarded?"""
        return self.delivery.state == Delivery.State.FAILED
