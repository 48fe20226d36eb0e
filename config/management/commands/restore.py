"""Put a backup back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config import preflight
from config.backups import backup, dumps, keys, restore
from config.supervisor import Taken, claim


class Command(BaseCommand):
    """`manage.py restore FILE`: while Towerwatch is stopped."""

    help = "Put a backup back into an empty database, or with --force over one that is backed up first."

    def add_arguments(self, parser: CommandParser) -> None:
        """What, and what to do with what is there."""
        parser.add_argument("file", type=Path, help="a file that manage.py backup has made")
        parser.add_argument("--keys", type=Path, help="the file that manage.py keys has written on the old machine")
        parser.add_argument("--force", action="store_true", help="over a database in use, after backing that up")

    def handle(self, *, file: Path, keys: Path | None, force: bool, **options: Any) -> None:
        """Refuse, or do all of it."""
        preflight.database()
        try:
            with claim(Path(settings.VAR) / "up.lock"):
                if keys is not None:
                    self.take_keys(file, keys, force)
                self.tell(restore.restore(file.resolve(), force=force))
        except Taken as other:
            raise CommandError(f"Towerwatch runs in {settings.VAR} (process {other}): stop it first") from None
        except (restore.Refused, backup.Failed) as why:
            raise CommandError(f"nothing was changed: {why}") from None
        except dumps.Fault as fault:
            raise CommandError(f"it was not put back whole: {fault}") from None

    def take_keys(self, file: Path, source: Path, force: bool) -> None:
        """Take the old keys, and begin anew with them: the settings hold others by now."""
        restore.fitting(file)
        if restore.in_use() and not force:
            raise restore.Refused(restore.IN_USE)
        try:
            keys.take(source)
        except keys.Refused as why:
            raise restore.Refused(str(why)) from None
        words = [word for word in sys.argv if word != f"--keys={source}"]
        if "--keys" in words:
            at = words.index("--keys")
            del words[at : at + 2]
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606

    def tell(self, restored: restore.Restored) -> None:
        """What there is to know before the next start."""
        manifest = restored.manifest
        made = timezone.localtime(manifest.made_at)
        self.say(f"put back what Towerwatch {manifest.version} had on {made:%Y-%m-%d at %H:%M:%S} UTC")
        self.say("everybody is signed out, and all sending is paused: at the next start an administrator releases it")
        lost = [*keys.unreadable(), *restored.dropped]
        for one in lost:
            self.say(f"to be set up anew, for want of the old SEAL_KEY: {one}")
        if lost:
            self.say("or restore once more with --keys FILE --force, if that file is found")

    def say(self, line: str) -> None:
        """One line."""
        self.stdout.write(f"towerwatch: {line}")
