"""Make a backup now."""

from __future__ import annotations

import os
from typing import Any

from django.core.management import BaseCommand, CommandError

from config.backups import backup


class Command(BaseCommand):
    """`manage.py backup`: into the folder of backups, while Towerwatch runs or not."""

    help = "Back up the database into BACKUP_FOLDER (else VAR/backups). The secret keys are not in it: manage.py keys."
    requires_migrations_checks = False

    def handle(self, **options: Any) -> None:
        """Behind everything else that this machine does."""
        os.nice(10)
        try:
            path = backup.make()
        except backup.Failed as fault:
            raise CommandError(f"no backup was made: {fault}") from None
        self.stdout.write(f"towerwatch: backed up to {path}")
