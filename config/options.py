"""Options: what staff set at run time, one typed table. The environment holds only what a start needs."""

from __future__ import annotations

import os
import zoneinfo
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings
from django.core.cache import cache

from config.models import Option

KEY, SECONDS = "options", 2


def machine_zone() -> str:
    """The time zone that this machine is set to, by its name; UTC where it does not say."""
    for name in (settings.STARTED_IN_ZONE, os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2]):
        if name in zoneinfo.available_timezones():
            return name.removeprefix("Etc/")
    return "UTC"


@dataclass(frozen=True, slots=True)
class Options:
    """Every option with its default."""

    isp_name: str = ""
    time_zone: str = "UTC"
    demo: bool = False  # the invented network is loaded, and runs beside Towerwatch
    demo_port: int = 0  # where its devices answer, so that two demos on one machine do not meet
    require_second_factor: bool = False  # of administrators, who are led to it before anything else
    setup_token: str = ""  # opens the first page, until there is an administrator
    health_daily: str = "08:00"  # when the check-up of the morning is made and told, by the clock; empty: never
    health_nightly: str = "04:00"  # the same of the night
    backup_keep: int = 14  # so many backups are kept
    backup_night: str = ""  # the date of the last night that has its backup
    backup_tried: str = ""  # when the last one by night was begun
    backup_fault: str = ""  # why the last one was not made
    keys_kept: str = ""  # the mark of the keys that were written to a file
    restored_at: str = ""  # when a backup was put back
    heartbeat_url: str = ""  # told each minute that the network is looked at
    heartbeat: dict[str, str] = field(default_factory=dict)  # when that last worked, and why it does not
    clock_step: dict[str, Any] = field(default_factory=dict)  # when this clock was last moved, and by how many seconds
    disk_free: list[list[float]] = field(default_factory=list)  # epoch seconds and free bytes, each hour of two days
    demo_token: str = ""  # opens the demo from its link on the console
    notices_kept_days: int = 90  # so long notices, their deliveries and attempts are kept
    defaults_given: list[str] = field(default_factory=list)  # "event role": subscriptions that were made once


def current() -> Options:
    """The options as they stand; at most two seconds old."""
    found: Options | None = cache.get(KEY)
    if found is None:
        found = fresh()
        cache.set(KEY, found, SECONDS)
    return found


def fresh() -> Options:
    """The options as the database has them; a row that is no option (any more) is left aside."""
    names = {one.name for one in fields(Options)}
    return Options(**{row.name: row.value for row in Option.objects.filter(name__in=names)})


def change(**values: object) -> None:
    """Set some options; raises ValueError for a name that is none, or a time zone that does not exist."""
    unknown = values.keys() - {one.name for one in fields(Options)}
    if unknown:
        raise ValueError(f"no such option: {', '.join(sorted(unknown))}")
    zone = values.get("time_zone")
    if zone is not None and zone not in zoneinfo.available_timezones():
        raise ValueError(f"time_zone: there is no zone {zone!r}")
    for name, value in values.items():
        Option.objects.update_or_create(name=name, defaults={"value": value})
    cache.delete(KEY)
