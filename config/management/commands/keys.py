"""Write the secret keys to a file that is kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from config.backups import keys


class Command(BaseCommand):
    """`manage.py keys FILE`: the two keys, which are in no backup."""

    help = "Write SECRET_KEY and SEAL_KEY into a new file: keep it apart from the backups, which it opens."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("file", type=Path, help="a new file, on another disk than the backups")

    def handle(self, *, file: Path, **options: Any) -> None:
        """Never onto the console, where it would stay in a log."""
        try:
            keys.write(file)
        except keys.Refused as why:
            raise CommandError(str(why)) from None
        self.stdout.write(f"towerwatch: the keys are in {file}. Keep it apart from the backups, and from this machine.")
