"""What the health page says of the machine and the house: database, disk, clock, address and versions."""

from __future__ import annotations

import ctypes
import platform
import shutil
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config import __version__, options
from config.finding import Details, Finding, broken, look, works

LITTLE, VERY_LITTLE = 1 << 30, 200 << 20
UNSYNCHRONISED = 0x40


def database(now: datetime) -> Finding:
    """The engine, its size, and whether its tables are those of this version."""
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    details: Details = (("Engine", engine()), ("Size", filesizeformat(size())))
    if missing:
        return broken(
            f"{missing} migrations are not applied.", "Run manage.py migrate, or start Towerwatch anew.", details
        )
    return works("It answers, and its tables are those of this version.", details)


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
    details: Details = (("Folder", str(settings.VAR)),)
    if usage.free > LITTLE:
        return works(says, details)
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
    details: Details = (
        ("Time", f"{timezone.localtime(now):%Y-%m-%d %H:%M:%S}"),
        ("Zone", options.fresh().time_zone),
    )
    right = is_synchronised()
    if right is None:
        return look("Whether the clock is right cannot be told here.", "Compare the time below with your own.", details)
    if right:
        return works("It is kept right from outside.", details)
    fix = "Run chrony or systemd-timesyncd: every outage's time comes from this clock."
    return look("Nothing keeps this clock right.", fix, details)


def address(now: datetime) -> Finding:
    """How browsers reach the pages."""
    details: Details = (("Address", settings.PUBLIC_URL),)
    if settings.PUBLIC_URL.startswith("https://"):
        return works("Browsers reach the pages by TLS.", details)
    if settings.PUBLIC_HOST in ("localhost", "127.0.0.1", "::1", "[::1]"):
        return works("The pages are reached from this machine alone.", details)
    fix = "Put a web server with TLS in front, and set PUBLIC_URL to its https:// address."
    return look("Passwords travel to the pages without TLS.", fix, details)


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
