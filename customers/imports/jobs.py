"""Jobs of imports."""

from __future__ import annotations

from django.utils import timezone

from customers.imports import actions
from customers.imports.models import ImportRun


def look(pk: int) -> None:
    """Look through a large file."""
    for run in ImportRun.objects.filter(pk=pk):
        actions.look(run)


def carry_out(pk: int) -> None:
    """Import a large file."""
    for run in ImportRun.objects.filter(pk=pk):
        actions.carry_out(run)


def sweep() -> None:
    """Forget files that nobody imported."""
    actions.sweep(timezone.now())
