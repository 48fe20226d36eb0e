"""The timetable: every job that runs by the clock, made into the queue's schedules at each start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule


@dataclass(frozen=True)
class Entry:
    """A job, how often it runs, and why."""

    job: str
    minutes: int
    why: str


TIMETABLE = (
    Entry("notifications.jobs.deliver", 1, "the safety net: what a lost wake-up left in the outbox"),
    Entry("notifications.jobs.fire", 1, "the safety net: what was planned and has come due"),
    Entry("notifications.jobs.escalate", 1, "the safety net: what nobody acknowledged in time, and what was snoozed"),
    Entry(
        "notifications.jobs.plan_all", 60 * 24, "what is planned is compared with all rows, for what slipped through"
    ),
    Entry("notifications.jobs.forget_changes", 60 * 24, "every process has read by then who changed what they hear of"),
    Entry("notifications.jobs.sweep", 60 * 24, "notices and deliveries are kept for as long as is set"),
    Entry("outages.jobs.tidy", 1, "outages of what is no longer looked at come to an end"),
    Entry("outages.jobs.fold", 10, "readings move from the journal into hours, which charts read fast"),
    Entry("outages.jobs.prune", 60 * 24, "single readings are kept for a fortnight"),
    Entry("outages.sources.jobs.sync", 10, "customers and equipment follow what UISP says of them"),
    Entry("customers.imports.jobs.sweep", 60, "a file that nobody imported is not kept for more than a day"),
    Entry("config.jobs.back_up", 10, "a backup each night, or as soon as may be after one that was missed"),
    Entry("agents.jobs.watch", 1, "when nobody looks any more, somebody else has to say so"),
    Entry("config.jobs.check_up", 5, "in the morning and at night, who wants to hears whether all is well"),
    Entry("config.jobs.heartbeat", 1, "an outside address hears that the network is looked at"),
    Entry("config.jobs.measure", 60, "how fast the disk fills"),
    Entry("config.jobs.analyse", 60 * 24, "SQLite chooses its indexes by what the tables hold"),
    Entry("config.jobs.sweep", 60, "finished tasks and ended sessions are not kept for ever"),
)


def install() -> None:
    """Bring the queue's schedules in line with the timetable: one row for each job, and its next run kept."""
    now = timezone.now()
    with transaction.atomic():
        kept = [_schedule(entry, now).pk for entry in TIMETABLE]
        Schedule.objects.exclude(pk__in=kept).delete()


def _schedule(entry: Entry, now: datetime) -> Schedule:
    row = Schedule.objects.filter(func=entry.job).order_by("pk").first() or Schedule(func=entry.job, next_run=now)
    row.next_run = min(row.next_run or now, now + timedelta(minutes=entry.minutes))
    row.schedule_type, row.minutes, row.repeats, row.cluster = Schedule.MINUTES, entry.minutes, -1, "default"
    row.save()
    return row
