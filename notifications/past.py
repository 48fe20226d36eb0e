"""What happened before: from the rows as they are now, the occurrences of an event in a time that is over.

An event says by one of these how its past is known; its own condition judges it then, as it would have judged it at
the time. Where nothing of the past is kept, an event says nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from notifications.event import Asked, Due, Event

# Of how many rows it is looked at how long something went on, which costs little for each.
SCANNED = 40_000
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Happened:
    """One occurrence: when, of what object, by whom (None: nobody, or it is not known), and what was told of it."""

    at: datetime
    thing: Any
    due: Due
    by: Any = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A time that is over, and how many rows of it are looked at, the newest."""

    since: datetime
    until: datetime
    most: int


class Past(Protocol):
    """How the past of an event is known."""

    def rows(self, event: Event, asked: Asked, span: Span, where: Q) -> list[Any]:
        """The rows in which an occurrence may show, the newest first, at most as many as the span says."""
        ...

    def of_row(self, event: Event, asked: Asked, span: Span, row: Any) -> Iterable[Happened]:
        """What happened, by one row."""
        ...


def model_of(event: Event) -> Any:
    """The model of an event."""
    return apps.get_model(event.of)


@dataclass(frozen=True, slots=True)
class Made:
    """For `created`: the time in the field is when it happened. `related` are fields to read along."""

    field: str
    related: tuple[str, ...] = ()

    def rows(self, event: Event, asked: Asked, span: Span, where: Q) -> list[Any]:
        """Those made in the span."""
        return _newest(model_of(event), self.field, self.related, span, where)

    def of_row(self, event: Event, asked: Asked, span: Span, row: Any) -> Iterator[Happened]:
        """That it was made."""
        due = event.due(None, row, asked)
        if due is not None:
            yield Happened(getattr(row, self.field), row, due)


@dataclass(frozen=True, slots=True)
class Filled:
    """For `filled`: what the field holds is when it happened."""

    field: str
    related: tuple[str, ...] = ()

    def rows(self, event: Event, asked: Asked, span: Span, where: Q) -> list[Any]:
        """Those whose field was filled in the span."""
        return _newest(model_of(event), self.field, self.related, span, where)

    def of_row(self, event: Event, asked: Asked, span: Span, row: Any) -> Iterator[Happened]:
        """That it was filled."""
        due = event.due(_with(row, self.field, None), row, asked)
        if due is not None:
            yield Happened(getattr(row, self.field), row, due)


@dataclass(frozen=True, slots=True)
class Lasted:
    """For `still_empty`: from the time in `since` on nothing was in `end`, for as many minutes as `after` asks for."""

    since: str
    end: str
    after: str = "minutes"
    related: tuple[str, ...] = ()

    def rows(self, event: Event, asked: Asked, span: Span, where: Q) -> list[Any]:
        """Those that lasted long enough, and had done so within the span."""
        model, wait = model_of(event), timedelta(minutes=asked[self.after])
        began = {f"{self.since}__gte": span.since - wait, f"{self.since}__lte": span.until - wait}
        known = model._base_manager.filter(where, **began).order_by(f"-{self.since}", "-pk")
        # Most are over sooner: that is found out from three columns, and not from whole rows.
        columns = known.values_list("pk", self.since, self.end)[:SCANNED]
        keys = [pk for pk, start, end in columns if end is None or end - start > wait][: span.most]
        found = model._base_manager.select_related(*self.related).in_bulk(keys)
        return [found[pk] for pk in keys if pk in found]

    def of_row(self, event: Event, asked: Asked, span: Span, row: Any) -> Iterator[Happened]:
        """That it went on for so long."""
        assert event.plans is not None
        for due in event.plans(_with(row, self.end, None), asked):
            end = getattr(row, self.end)
            if due.at is not None and span.since <= due.at <= span.until and (end is None or due.at < end):
                yield Happened(due.at, row, due, text=event.text(_with(row, self.end, due.at)))


@dataclass(frozen=True, slots=True)
class Planned:
    """For what is told so long before the time in the field (`aged`: after it), as asked for by the name of `times`."""

    field: str
    times: str
    unit: timedelta = timedelta(minutes=1)
    after: bool = False
    related: tuple[str, ...] = ()

    def rows(self, event: Event, asked: Asked, span: Span, where: Q) -> list[Any]:
        """Those for which one of the times was in the span."""
        chosen = asked[self.times] if isinstance(asked[self.times], (list, tuple)) else [asked[self.times]]
        moves = {number * self.unit * (-1 if self.after else 1) for number in chosen}
        # A day is the whole of it, by whatever clock.
        windows = (((span.since + move - DAY), (span.until + move + DAY)) for move in moves)
        inside = Q(*(Q(**{f"{self.field}__range": window}) for window in windows), _connector=Q.OR)
        rows = model_of(event)._base_manager.filter(where, inside).select_related(*self.related)
        return list(rows.order_by(f"-{self.field}", "-pk")[: span.most])

    def of_row(self, event: Event, asked: Asked, span: Span, row: Any) -> Iterator[Happened]:
        """That its time had come."""
        assert event.plans is not None
        for due in event.plans(row, asked):
            at = due.at if due.at is None or timezone.is_aware(due.at) else timezone.make_aware(due.at)
            if at is not None and span.since <= at <= span.until:
                yield Happened(at, row, due)


def _newest(model: Any, field: str, related: tuple[str, ...], span: Span, where: Q) -> list[Any]:
    inside = {f"{field}__gte": span.since, f"{field}__lte": span.until}
    rows = model._base_manager.filter(where, **inside).select_related(*related)
    return list(rows.order_by(f"-{field}", "-pk")[: span.most])


def _with(row: models.Model, field: str, value: Any) -> Any:
    """The same row as it was when a field held something else."""
    other = copy.copy(row)
    setattr(other, field, value)
    return other
