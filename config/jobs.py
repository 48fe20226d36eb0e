"""Jobs of the top floor."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import Failure

from config import heartbeat as beating
from config import invitations, room, rounds
from config.backups import nights
from config.models import Invitation


def beat() -> None:
    """Nothing but a task: that a worker runs it is the sign of life (see `pulse`)."""


def back_up() -> bool:
    """Begin tonight's backup if it is due; whether it was."""
    return nights.back_up(timezone.now())


def check_up() -> int:
    """Make the check-ups whose time has come; how many these were."""
    return rounds.go(timezone.now())


def heartbeat() -> bool:
    """Tell the outside address, where there is one, that the network is looked at; whether it heard."""
    return beating.beat(timezone.now())


def measure() -> None:
    """Note how much room the disk has."""
    room.note(timezone.now())


def mail_invitation(pk: int) -> None:
    """Send an invitation to its address; nothing where it is used or taken back."""
    if row := Invitation.objects.open().select_related("by").filter(pk=pk).first():
        invitations.mail(row, timezone.now())


def sweep() -> None:
    """Forget sessions that have ended, and failures of the queue after a month."""
    call_command("clearsessions")
    Failure.objects.filter(stopped__lt=timezone.now() - timedelta(days=30)).delete()


def analyse() -> None:
    """Let SQLite look at its tables, so that it chooses the right indexes; PostgreSQL does so by itself."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            # A bound, so that a million rows hold the writer for a moment only (sqlite.org/lang_analyze.html).
            cursor.execute("PRAGMA analysis_limit=1000")
            # While somebody else writes it may wait for the next night.
            with suppress(OperationalError):
                cursor.execute("PRAGMA optimize")
