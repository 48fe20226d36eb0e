"""Bringing an installation to the version of this code: backed up first, and put back if it does not work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from django.core.management import call_command

from config import assets, machine
from config.backups import backup, restore

log = logging.getLogger(__name__)


class Failed(Exception):
    """The upgrade did not work; the text says why, and how the database stands now."""


def upgrade(say: Callable[[str], None]) -> None:
    """Back up, migrate, collect the static files and check. Raises Failed."""
    saved = _back_up(say)
    try:
        say(f"{machine.missing_migrations()} migrations to apply ...")
        restore.bring_up_to_date()
        assets.collect()
        call_command("check")
    except Exception as fault:
        log.debug("the upgrade failed", exc_info=True)
        raise Failed(f"{' '.join(str(fault).split()) or type(fault).__name__}. {_put_back(saved)}") from fault


def _back_up(say: Callable[[str], None]) -> Path | None:
    if not restore.in_use():
        say("the database is empty: there is nothing to back up")
        return None
    try:
        saved = backup.make()
    except backup.Failed as fault:
        raise Failed(f"no backup could be made: {fault}. Nothing was changed.") from None
    say(f"backed up to {saved}")
    return saved


def _put_back(saved: Path | None) -> str:
    if saved is None:
        return "The database was empty before."
    try:
        restore.put_back(saved, restore.fitting(saved))
        restore.finish()
    except Exception as fault:
        return f"The database could not be put back ({fault}): put {saved} back by make restore."
    return "The database is as it was before: go back to the version of before, or mend this one and try again."
