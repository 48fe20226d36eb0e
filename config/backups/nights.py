"""Once a night, in the ISP's zone: the clocks may be turned, or the machine may have slept through it."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.dateparse import parse_datetime

from config import options
from config.backups import backup

# After the hour that clocks skip or repeat in most of the world.
HOUR = timedelta(hours=3)
AGAIN = timedelta(hours=1)


def night_of(now: datetime, zone: zoneinfo.ZoneInfo) -> date:
    """The date of the last night whose hour has come, as the wall clock of the zone tells it.

    A wall clock that is turned back shows an earlier date at most, and one that is turned forward goes past the hour:
    so whoever runs once for each date that is later than the last one runs once a night.
    """
    local = now.astimezone(zone).replace(tzinfo=None)
    return (local - HOUR).date()


def due(now: datetime, zone: zoneinfo.ZoneInfo, done: str, tried: str) -> bool:
    """Is it time: has a night begun since that of `done` (a date), and was it not tried within the hour?"""
    last = parse_datetime(tried) if tried else None
    waits = last is not None and timedelta() <= now - last < AGAIN
    return bool(done) and night_of(now, zone).isoformat() > done and not waits


def back_up(now: datetime) -> bool:
    """Begin tonight's backup if it is due; whether it was. The first night is the one after the first start."""
    chosen = options.fresh()
    zone = zoneinfo.ZoneInfo(chosen.time_zone)
    if settings.DEMO:
        return False
    if not chosen.backup_night:
        options.change(backup_night=night_of(now, zone).isoformat())
        return False
    last = backup.newest()
    if last and (of := night_of(last.made_at, zone).isoformat()) > chosen.backup_night:
        options.change(backup_night=of)
        return False
    if not due(now, zone, chosen.backup_night, chosen.backup_tried):
        return False
    options.change(backup_tried=now.isoformat())
    backup.begin()
    return True
