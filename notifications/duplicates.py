"""Duplicates: how often a notice was refused because it had been told already, by event and hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, models

WATCH = "system.duplicates"
COUNT = """
    INSERT INTO notifications_duplicates (event, hour, refused) VALUES {rows}
    ON CONFLICT (event, hour) DO UPDATE SET refused = notifications_duplicates.refused + excluded.refused
    RETURNING id, event, refused
"""


class Duplicates(models.Model):
    """So many notices of an event were refused in one hour; changed by `count` alone, which says what came of it."""

    event = models.CharField(max_length=60)
    hour = models.DateTimeField()
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "duplicates"
        constraints = [models.UniqueConstraint(fields=["event", "hour"], name="duplicates_once")]

    def __str__(self) -> str:
        return f"{self.refused} duplicates of {self.event}"

    @property
    def called(self) -> str:
        """The event by its label."""
        from notifications.event import declared

        return declared()[self.event].label if self.event in declared() else self.event


def count(events: Iterable[str], now: datetime) -> list[tuple[Duplicates, Duplicates]]:
    """Count one refused notice for each of these events, in one query; the rows before and after."""
    # That too many were refused is told once an hour; what is refused of that is no news.
    refused = Counter(event for event in events if event != WATCH)
    if not refused:
        return []
    hour = now.replace(minute=0, second=0, microsecond=0)
    values = [value for event, number in sorted(refused.items()) for value in (event, hour, number)]
    with connection.cursor() as cursor:
        adapt = connection.ops.adapt_datetimefield_value
        # Nothing but placeholders is put in.
        sql = COUNT.format(rows=", ".join(["(%s, %s, %s)"] * len(refused)))
        cursor.execute(sql, [adapt(value) if isinstance(value, datetime) else value for value in values])
        found = cursor.fetchall()
    return [
        (
            Duplicates(pk=pk, event=event, hour=hour, refused=number - refused[event]),
            Duplicates(pk=pk, event=event, hour=hour, refused=number),
        )
        for pk, event, number in found
    ]
