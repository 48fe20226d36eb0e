"""How sources answer: kept after each poll, told once when it goes wrong and once when that is over.

While a source is faulty nothing is recorded of what it speaks for, so that its state stays as it was. A fault shows at
the first failed poll. Staff are told at the second in a row, for one alone is often a restart; at the first where the
next is far off.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from agents import roster
from agents.probes.readings import UpstreamError
from agents.work import Outcome
from notifications import live
from outages import kept
from outages.sources.models import Source
from outages.spans import duration

log = logging.getLogger(__name__)

SUMMARY_EVERY = timedelta(minutes=10)
# Between two polls that were wished for, however many hints come.
LEAST = timedelta(seconds=2)
FAR = 60.0
POLLED = (
    "state", "state_since", "fault_kind", "fault", "answered_at", "not_before", "asked_at", "ask_at", "faulty_from",
    "failed_polls", "told_at", "polls",
)  # fmt: skip


def note(outcome: Outcome) -> None:
    """Keep how a poll went; tell of the beginning and the end of a fault, and every ten minutes what all polls did."""
    with transaction.atomic():
        rows = Source.objects.asked().select_for_update(of=("self",))
        source = rows.filter(pk=int(outcome.batch.rpartition(" ")[2])).first()
        if source is None:
            return
        before = (source.state, source.told_at)
        _asked(source, outcome)
        told = _failed(source, outcome, outcome.fault) if outcome.fault else _answered(source)
        summary = _counted(source, outcome)
        source.save(update_fields=POLLED)
        if before != (source.state, source.told_at):
            live.bump("alarms", "sources")
    # Only what is written down is said, lest a restart in between says it twice.
    if told:
        log.warning("%s", told)
    if summary:
        log.info("%s", summary)


def ask_soon(source: Source) -> None:
    """Let the source be asked at the next turn of whoever looks at it, whichever process that is."""
    now = timezone.now()
    at = max(now, source.asked_at + LEAST) if source.asked_at and source.asked_at <= now else now
    wished = Source.objects.quietly().asked().filter(pk=source.pk, ask_at=None)
    with transaction.atomic():
        if wished.update(ask_at=at):
            roster.tell_new_work()


def _asked(source: Source, outcome: Outcome) -> None:
    source.asked_at = datetime.fromtimestamp(outcome.asked_at, UTC)
    if source.ask_at is not None and source.ask_at <= source.asked_at + timedelta(seconds=1):
        source.ask_at = None


def _failed(source: Source, outcome: Outcome, fault: UpstreamError) -> str:
    """It did not give what was asked; the line for the log, where staff are told now."""
    if source.state != Source.State.FAULTY:
        source.state, source.told_at, source.failed_polls = Source.State.FAULTY, None, 0
        source.state_since = source.faulty_from = source.asked_at
    # Who outlasts the interval has failed the polls that were due meanwhile.
    source.failed_polls += 1 + int(outcome.seconds // source.interval)
    source.fault_kind, source.fault = fault.kind[:20], kept.plain(str(fault))[:300]
    wait = fault.retry_after or 0.0
    source.not_before = timezone.now() + timedelta(seconds=wait) if wait else None
    alone = source.failed_polls == 1 and wait <= source.interval <= FAR
    if source.told_at or alone:
        return ""
    source.told_at = timezone.now()
    return f"{source.complaint} ({source.fault})"


def _answered(source: Source) -> str:
    """It gave all that was asked; the line for the log, where staff heard of a fault before."""
    was_told = source.is_silent
    if source.state != Source.State.WORKS:
        source.state, source.state_since = Source.State.WORKS, source.asked_at
    source.answered_at, source.not_before = source.asked_at, None
    source.fault_kind, source.fault, source.failed_polls = "", "", 0
    return source.relief if was_told else ""


def _counted(source: Source, outcome: Outcome) -> str:
    """Add a poll to the summary; its words when it is complete."""
    now = timezone.now().timestamp()
    polls = source.polls or {"since": now, "calls": 0, "failed": {}, "seconds": 0.0, "slowest": 0.0}
    polls["calls"] += 1
    polls["seconds"] += outcome.seconds
    polls["slowest"] = max(polls["slowest"], outcome.seconds)
    if outcome.fault:
        polls["failed"][outcome.fault.kind] = polls["failed"].get(outcome.fault.kind, 0) + 1
    is_complete = not 0 <= now - polls["since"] < SUMMARY_EVERY.total_seconds()
    source.polls = {} if is_complete else polls
    return _summary(source, polls, now) if is_complete else ""


def _summary(source: Source, polls: dict[str, Any], now: float) -> str:
    failed = ", ".join(f"{count} {kind}" for kind, count in sorted(polls["failed"].items()))
    return (
        f"{source.called}, the last {duration(now - polls['since'])}: {polls['calls']} calls, "
        f"{sum(polls['failed'].values())} failed{f' ({failed})' if failed else ''}, "
        f"mean {polls['seconds'] / polls['calls']:.2f} s, slowest {polls['slowest']:.2f} s"
    )
