"""What the health page says of the machine and the house: database, disk, clock, address and versions."""

from __future__ import annotations

import ctypes
import platform
import shutil
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config import __version__, certificate, options, room
from config.finding import Details, Finding, broken, look, works
from outages.spans import duration

# Bytes that are free, and days until none are.
LITTLE, VERY_LITTLE = 1 << 30, 200 << 20
SOON_FULL = 14.0
SINCE_STEP = timedelta(days=1)
ENDS_SOON = timedelta(days=14)
# STA_UNSYNC of adjtimex(2).
UNSYNCHRONISED = 0x40


def database(now: datetime) -> Finding:
    """The engine, its size, and whether its tables are those of this version."""
    missing = missing_migrations()
    details: Details = (("Engine", engine()), ("Size", filesizeformat(size())))
    if missing:
        return broken(
            f"{missing} migrations are not applied.", "Run manage.py migrate, or start Towerwatch anew.", details
        )
    return works("It answers, and its tables are those of this version.", details)


def missing_migrations() -> int:
    """How many migrations of this version the database does not have."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def engine() -> str:
    """The database and its version."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sqlite_version()")
            return f"SQLite {cursor.fetchone()[0]}"
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0]}"


def size() -> int:
    """The bytes that the database takes."""
    if connection.vendor == "sqlite":
        file = Path(connection.settings_dict["NAME"])
        return sum(one.stat().st_size for one in file.parent.glob(f"{file.name}*"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def disk(now: datetime) -> Finding:
    """The space that is left where the data lie."""
    usage = shutil.disk_usage(settings.VAR)
    says = f"{filesizeformat(usage.free)} of {filesizeformat(usage.total)} are free where the data lie."
    days = room.days_left(options.fresh().disk_free, usage.free, now)
    lasts = f"{days:,.0f} days" if days is not None else "not known, or the disk does not fill"
    details: Details = (("Folder", str(settings.VAR)), ("Lasts", lasts))
    soon = days is not None and days < SOON_FULL
    if usage.free > LITTLE and not soon:
        return works(says, details)
    if soon:
        says = f"{says} At the pace of the last two days it is full in {duration((days or 0) * room.DAY)}."
    kind = broken if usage.free < VERY_LITTLE else look
    return kind(says, "Make room on this disk: without it nothing can be written down.", details)


class _Times(ctypes.Structure):
    """The head of struct timex (adjtimex(2)) and room for its rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("largest_error", ctypes.c_long),
        ("likely_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def is_synchronised() -> bool | None:
    """Does the kernel hold its clock for right? None where it cannot be asked."""
    times = _Times()
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.byref(times))
    except (AttributeError, OSError):
        return None
    return None if answer < 0 else not times.status & UNSYNCHRONISED


def clock(now: datetime) -> Finding:
    """The time that every reading carries."""
    chosen = options.fresh()
    details: Details = (("Time", f"{timezone.localtime(now):%Y-%m-%d %H:%M:%S}"), ("Zone", chosen.time_zone))
    right = is_synchronised()
    if stepped := _stepped(chosen.clock_step, now):
        fix = "Times around it may be wrong by as much. Run chrony, and give it a good source."
        return look(f"The clock was moved by {stepped}.", fix, details)
    if right is None:
        return look("Whether the clock is right cannot be told here.", "Compare the time below with your own.", details)
    if right:
        return works("It is kept right from outside.", details)
    fix = "Run chrony or systemd-timesyncd: every outage's time comes from this clock."
    return look("Nothing keeps this clock right.", fix, details)


def _stepped(step: dict[str, Any], now: datetime) -> str:
    """By how much the clock was moved within the last day, and when; empty where it was not."""
    at = parse_datetime(step.get("at", ""))
    if at is None or not -SINCE_STEP < now - at < SINCE_STEP:
        return ""
    way = "back" if step["seconds"] < 0 else "forward"
    return f"{duration(abs(step['seconds']))} {way}, to {timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def address(now: datetime) -> Finding:
    """How browsers reach the pages, and what they are shown there."""
    details: Details = (("Address", settings.PUBLIC_URL),)
    if settings.PUBLIC_URL.startswith("https://"):
        return _by_tls(now, details)
    if settings.PUBLIC_HOST in ("localhost", "127.0.0.1", "::1", "[::1]"):
        return works("The pages are reached from this machine alone.", details)
    fix = "Put a web server with TLS in front, and set PUBLIC_URL to its https:// address."
    return look("Passwords travel to the pages without TLS.", fix, details)


def _by_tls(now: datetime, details: Details) -> Finding:
    cookies = "sent by TLS alone" if settings.SESSION_COOKIE_SECURE else "sent without TLS, too"
    seen, details = certificate.shown(), (*details, ("Cookies", cookies))
    renew = "Let the front server renew its certificate: caddy does it by itself, certbot by its timer."
    if seen.until is None:
        if seen.fault.startswith("it is not trusted"):
            return broken(f"Browsers warn of the certificate: {seen.fault}.", renew, details)
        return works("Browsers reach the pages by TLS.", (*details, ("Certificate", seen.fault or "says no end")))
    left = seen.until - now
    details = (*details, ("Certificate", f"good until {timezone.localtime(seen.until):%Y-%m-%d %H:%M}"))
    if left < ENDS_SOON:
        return look(f"The certificate ends in {duration(left.total_seconds())}.", renew, details)
    return works("Browsers reach the pages by TLS.", details)


def versions(now: datetime) -> Finding:
    """What runs here."""
    details = (
        ("Towerwatch", __version__),
        ("Python", platform.python_version()),
        ("Django", version("django")),
        ("django-q2", version("django-q2")),
        ("Database", engine()),
        ("Operating system", system()),
    )
    return works(f"Towerwatch {__version__} on Python {platform.python_version()}.", details)


def system() -> str:
    """The operating system by its own name."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, kernel {platform.release()}"
