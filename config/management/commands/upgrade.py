"""Bring this installation to the version of its code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from config import __version__, preflight
from config.backups import upgrade
from config.supervisor import Taken, claim


class Command(BaseCommand):
    """`manage.py upgrade`: while Towerwatch is stopped, after its code was replaced."""

    help = "Back up, migrate, collect the static files and check; put the database back if that fails."
    requires_migrations_checks = False

    def handle(self, **options: Any) -> None:
        """Refuse while it runs: its processes hold the old code."""
        preflight.database()
        preflight.whole()
        try:
            with claim(Path(settings.VAR) / "up.lock"):
                upgrade.upgrade(self.say)
        except Taken as other:
            raise CommandError(f"Towerwatch runs in {settings.VAR} (process {other}): stop it first") from None
        except upgrade.Failed as fault:
            raise CommandError(f"the upgrade did not work: {fault}") from None
        self.say(f"this is Towerwatch {__version__} now: start it")

    def say(self, line: str) -> None:
        """One line."""
        self.stdout.write(f"towerwatch: {line}")
