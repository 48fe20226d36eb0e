"""What the health page says of the day when this machine is lost: backups, keys, heartbeat, what is held back, log."""

from __future__ import annotations

import logging
import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config import heartbeat, options
from config.backups import backup, dumps, keys
from config.finding import Details, Finding, broken, look, works
from notifications.delivery import pause
from notifications.models import Delivery
from outages.spans import duration

OLD, TOO_OLD = timedelta(hours=30), timedelta(days=3)
LARGE_LOG = 1 << 30
UNHEARD = timedelta(minutes=5)
ON_ITS_PAGE = "Open Settings, Backups: there it is made at once, and says what it lacks."
RUN = "It is one of the queue's jobs: look at what the queue says, and at the log."


def backups(now: datetime) -> Finding:
    """Is there a good backup, not too old, on another disk?"""
    if settings.DEMO:
        return works("The demo is invented, and backed up by nobody.")
    if why := dumps.tools_fault():
        return broken(f"No backup can be made: {why}", dumps.APT)
    fault, made = options.fresh().backup_fault, backup.kept()
    details = _backup_details(made)
    last = next((one for one in made if not one.fault), None)
    if fault:
        return broken(f"The last backup was not made: {fault}", ON_ITS_PAGE, details)
    if last is None:
        return look("There is no backup yet; the first one is made tonight, after three.", ON_ITS_PAGE, details)
    waits = now - last.made_at
    if waits > OLD:
        kind = broken if waits > TOO_OLD else look
        return kind(f"The last good backup is {duration(waits.total_seconds())} old.", RUN, details)
    if damaged := [one for one in made if one.fault]:
        return look(f"{damaged[0].name} cannot be read: {damaged[0].fault}.", "Delete that file.", details)
    if on_the_same_disk():
        fix = "Set BACKUP_FOLDER to another disk, or copy the folder to another machine (docs/deploy.md says how)."
        return look("The last backup is good, but lies on the disk that it is to save.", fix, details)
    return works("The last backup is good, and lies on another disk.", details)


def _backup_details(made: list[backup.Made]) -> Details:
    details: Details = (("Folder", str(backup.folder())), ("Kept", str(len(made))))
    if made:
        at = f"{timezone.localtime(made[0].made_at):%Y-%m-%d %H:%M:%S}"
        details = (("Last", f"{at}, {filesizeformat(made[0].size)}"), *details)
    return details


def on_the_same_disk() -> bool:
    """Does one disk hold the database and its backups?"""
    folder = backup.folder()
    return folder.exists() and folder.stat().st_dev == Path(settings.VAR).stat().st_dev


def secret_keys(now: datetime) -> Finding:
    """Are the keys that no backup holds kept somewhere else?"""
    if settings.DEMO:
        return works("What the keys of the demo seal is invented as well.")
    if keys.are_kept():
        return works("The secret keys were written to a file, to be kept apart from the backups.")
    fix = "Run make keys FILE, and keep that file away from this machine and from the backups."
    return look("The secret keys are on this machine alone, and in no backup.", fix)


def beating(now: datetime) -> Finding:
    """Does somebody outside hear that the network is looked at?"""
    chosen = options.fresh()
    if not chosen.heartbeat_url:
        says = "Nobody outside would hear it if this machine fell silent."
        return works(says) if settings.DEMO else look(says, "Open Settings, Heartbeat, and enter an address for it.")
    host = heartbeat.parts_of(chosen.heartbeat_url).hostname or ""
    heard = parse_datetime(chosen.heartbeat.get("heard", ""))
    details: Details = (("Heard by", host),)
    if heard:
        details = (*details, ("Last", f"{duration((now - heard).total_seconds())} ago"))
    if pause.is_paused():
        return look("The heartbeat waits, as all sending does.", "See what waits on the page Held back.", details)
    if fault := chosen.heartbeat.get("fault"):
        return broken(f"The heartbeat is not heard: {fault}.", "Open Settings, Heartbeat, and try it.", details)
    if heard is None or now - heard > UNHEARD:
        return look("The heartbeat was not sent for a while: it is, while the network is looked at.", RUN, details)
    return works(f"{host} hears each minute that the network is looked at.", details)


def sending(now: datetime) -> Finding:
    """Is all sending held back, as it is after a restore?"""
    if not pause.is_paused():
        return works("Nothing is held back.")
    count = Delivery.objects.filter(state=Delivery.State.WAITING).count()
    fix = "An administrator looks through it on the page Held back, and releases or discards it."
    return broken(f"All sending is paused, and {count} deliveries wait.", fix)


def log_file(now: datetime) -> Finding:
    """Where what is logged goes, and whether it grows without end."""
    level: Details = (("Level", logging.getLevelName(logging.getLogger().level)),)
    if os.environ.get("JOURNAL_STREAM"):
        return works("It goes into the journal, which keeps its own size: journalctl -u towerwatch.", level)
    try:
        about, name = os.fstat(2), os.readlink("/proc/self/fd/2")
    except OSError:
        return works("It goes to whoever started Towerwatch.", level)
    if not stat.S_ISREG(about.st_mode):
        return works("It goes to whoever started Towerwatch.", level)
    details = (("File", name), ("Size", filesizeformat(about.st_size)), *level)
    if about.st_size > LARGE_LOG:
        return look("The file that it goes to has grown large.", "Let logrotate cut it (copytruncate).", details)
    return works("It goes into a file.", details)
