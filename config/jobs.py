"""Jobs of the top floor."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone
from django_q.models import Failure


def beat() -> None:
    """Nothing but a task: that a worker runs it is the sign of life (see `pulse`)."""


def sweep() -> None:
    """Forget sessions that have ended, and failures of the queue after a month."""
    call_command("clearsessions")
    Failure.objects.filter(stopped__lt=timezone.now() - timedelta(days=30)).delete()
