"""Notices that one of the staff writes: to others about an object, with its link, or to everybody. And what came of it.

They go to whoever is meant, whatever these subscribe to or have muted. One writing is known by its sender and its time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Count, Min, Q

from notifications import audit, general, outbox, recipients
from notifications.event import DIRECT, GENERAL
from notifications.models import Delivery, Notice, Report
from notifications.outbox import Letter
from notifications.recipients import Recipient
from notifications.reports import making

LONGEST = 280
# So many writings of one sender within an hour: a program that has gone wild, or a stolen token, stops here.
MOST_IN_AN_HOUR = 30
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be sent: `mark` tells it from every other one, so that sending it again does nothing.

    Without an object it is an announcement. `report` is the kind of report to attach, if any.
    """

    text: str
    to: Sequence[Recipient]
    mark: str
    about: Any = None
    report: str = ""


def meant(to: Iterable[Recipient], sender: Any) -> list[Any]:
    """The people of the staff who are meant, each once and in the order of their names; never the sender."""
    found = {person for people in recipients.resolve_all(to).values() for person in people}
    return sorted(found - {sender}, key=lambda person: (str(person), person.pk))


def is_too_much(sender: Any, now: datetime) -> bool:
    """Has this user written as much within an hour as anybody may?"""
    lately = Notice.objects.written_by(sender).filter(created_at__gt=now - HOUR, event__in=(DIRECT, GENERAL))
    return int(lately.order_by().values("created_at").distinct().count()) >= MOST_IN_AN_HOUR


def send(draft: Draft, sender: Any, now: datetime) -> int:
    """Send it; to how many people, none of whom had it before. In one transaction with its report."""
    letters = _letters(draft, sender, now)
    if not letters or _is_known(letters):
        return 0
    # Outside the transaction: a long one takes a second, and nobody else could write meanwhile.
    report = making.make(draft.about, draft.report, now) if draft.report else None
    with transaction.atomic():
        if report is not None:
            report.save()
            for letter in letters:
                letter.notice.report = report
        count = outbox.post(letters, now)
        if count:
            audit.note("wrote", f"to {count}: {draft.text}", draft.about or "everybody")
        else:
            transaction.set_rollback(True)
    return count


def _is_known(letters: Iterable[Letter]) -> bool:
    return Notice.objects.filter(fingerprint__in=[letter.notice.fingerprint for letter in letters]).exists()


def _letters(draft: Draft, sender: Any, now: datetime) -> list[Letter]:
    people = meant(draft.to, sender)
    event = GENERAL if draft.about is None else DIRECT
    about, link = (sender, "") if draft.about is None else (draft.about, draft.about.get_absolute_url())
    by_person = general.channels(people) if event == GENERAL else {}
    letters = []
    for person in people:
        notice = outbox.written(person, draft.text, link, about, now, event)
        notice.sent_by, notice.fingerprint = sender, _fingerprint(draft, sender, person)
        letters.append(Letter(notice, person, by_person[person]) if by_person else Letter(notice, person))
    return letters


def _fingerprint(draft: Draft, sender: Any, person: Any) -> str:
    return hashlib.sha256(f"written {sender.pk} {draft.mark} {person._meta.label} {person.pk}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Sent:
    """One writing: its text and object, when it was sent, to how many, and how many of them have read it."""

    pk: int
    text: str
    about: Any
    event: str
    link: str
    at: datetime
    people: int
    read: int
    report: Report | None

    @property
    def is_general(self) -> bool:
        """Was it an announcement?"""
        return self.event == GENERAL


@dataclass(frozen=True, slots=True)
class Got:
    """One person who was written to, and how it reached them."""

    notice: Notice
    person: Any
    deliveries: list[Delivery]


def writings(sender: models.Model) -> models.QuerySet[Any, Any]:
    """What this user has sent, the newest first; as rows that `told` completes."""
    rows = Notice.objects.written_by(sender).filter(event__in=(DIRECT, GENERAL)).order_by().values("created_at")
    return rows.annotate(first=Min("id"), people=Count("id"), read=Count("id", filter=~Q(read_at=None))).order_by(
        "-created_at"
    )


def told(rows: Iterable[Mapping[str, Any]]) -> list[Sent]:
    """Some of `writings`, each with its object and its report; a few queries for all."""
    rows = list(rows)
    found = Notice.objects.filter(pk__in=[row["first"] for row in rows])
    notices = {one.pk: one for one in found.prefetch_related("about").select_related("report")}
    return [_sent(notices[row["first"]], row) for row in rows if row["first"] in notices]


def _sent(notice: Notice, row: Mapping[str, Any]) -> Sent:
    about = None if notice.event == GENERAL else notice.about
    counts = row["people"], row["read"]
    return Sent(notice.pk, notice.text, about, notice.event, notice.link, notice.created_at, *counts, notice.report)


def got(sender: models.Model, pk: int) -> list[Got]:
    """Who got the writing of which this notice is one, and how; nothing where the user did not send it."""
    first = Notice.objects.written_by(sender).filter(pk=pk, event__in=(DIRECT, GENERAL)).first()
    if first is None:
        return []
    rows = Notice.objects.written_by(sender).filter(created_at=first.created_at, event=first.event)
    notices = rows.prefetch_related("recipient", "deliveries__address", "deliveries__attempts").order_by("pk")
    return [Got(one, one.recipient, sorted(one.deliveries.all(), key=lambda row: row.pk)) for one in notices]
