"""The timetable: every job that runs by the clock, made into the queue's schedules at each start."""

from __future__ import annotations

from dataclasses import dataclass

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
    Entry("outages.jobs.tidy", 1, "outages of what is no longer looked at come to an end"),
    Entry("outages.jobs.fold", 10, "readings move from the journal into hours, which charts read fast"),
    Entry("outages.jobs.prune", 60 * 24, "single readings are kept for a fortnight"),
    Entry("config.jobs.sweep", 60, "finished tasks and ended sessions are not kept for ever"),
)


def install() -> None:
    """Bring the queue's schedules in line with the timetable."""
    Schedule.objects.exclude(func__in=[entry.job for entry in TIMETABLE]).delete()
    for entry in TIMETABLE:
        Schedule.objects.update_or_create(
            func=entry.job,
            defaults={"schedule_type": Schedule.MINUTES, "minutes": entry.minutes, "repeats": -1, "cluster": "default"},
            create_defaults={
                "schedule_type": Schedule.MINUTES,
                "minutes": entry.minutes,
                "repeats": -1,
                "cluster": "default",
                "next_run": timezone.now(),
            },
        )
