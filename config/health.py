"""The doctor's findings: is everything that Towerwatch lives on well, and if not, what mends it?"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Failure

from agents import roster
from agents.models import Lease
from agents.probes import icmp
from config import letters, machine, processes, pulse, safety, sources, telling
from config.finding import LOG, Details, Finding, State, broken, look, works
from config.metronome import STALE
from notifications import live
from notifications.models import Attempt, Delivery, Topic
from outages.models import Check
from outages.spans import duration

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
MANY_TASKS = 200
SLOW, STUCK = timedelta(minutes=1), timedelta(minutes=10)
START = "Start Towerwatch by manage.py up: it runs the queue's clusters, and starts them again when they end."
PING_RIGHT = (
    "In its systemd unit set AmbientCapabilities=CAP_NET_RAW, or run "
    'sysctl net.ipv4.ping_group_range="0 2147483647", then start Towerwatch anew.'
)


def findings(now: datetime) -> list[tuple[str, Finding]]:
    """Everything that is looked at, by its name; what cannot be looked at is broken, and the others still count."""
    return [(name, _try(name, examine, now)) for name, examine in EXAMINED.items()]


def worst(found: Sequence[tuple[str, Finding]]) -> State:
    """The state of the whole house."""
    return max((finding.state for _, finding in found), key=list(State).index)


def _try(name: str, examine: Callable[[datetime], Finding], now: datetime) -> Finding:
    try:
        return examine(now)
    except Exception as fault:
        log.exception("health: %s could not be looked at", name)
        return broken(f"It could not be looked at: {fault}", LOG)


def looking(now: datetime) -> Finding:
    """Is anybody looking at the network?"""
    agent = roster.here()
    details = (*_sweep(agent.swept_at, agent.swept_count, now), *_shards(now))
    if agent.seen_at is None:
        return broken("Looking has not begun.", START, details)
    if roster.is_late(now):
        silent = duration((now - agent.seen_at).total_seconds())
        return broken(f"Nobody has looked for {silent}, since {_clock(agent.seen_at)}.", LOG, details)
    if not Check.objects.looked_at().exists():
        return works("It is alive, and there is nothing to look at yet.", details)
    return works("It is alive.", details)


def _sweep(at: datetime | None, count: int, now: datetime) -> Details:
    if at is None:
        return ()
    return (("Last sweep", f"{count} readings, {duration((now - at).total_seconds())} ago"),)


def _shards(now: datetime) -> Iterator[tuple[str, str]]:
    held = dict(Lease.objects.filter(until__gt=now).values_list("shard", "holder"))
    for shard in range(settings.SHARDS):
        yield f"Shard {shard}", f"held by {held[shard]}" if shard in held else "held by nobody"


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def ping(now: datetime) -> Finding:
    """May this program send pings?"""
    if trouble := roster.here().trouble.get("icmp"):
        return broken(f"It cannot ping: {trouble['why']}", PING_RIGHT)
    way = icmp.how()
    if way == "raw":
        return works("It pings through a raw socket.")
    if way == "datagram":
        return works("It pings through a datagram socket, as far as ping_group_range allows.")
    count = Check.objects.looked_at().filter(probe="icmp").count()
    if count:
        return broken(f"It may not ping, and {count} checks need that.", PING_RIGHT)
    return look("It may not ping. No check needs that now.", PING_RIGHT)


def tcp(now: datetime) -> Finding:
    """Can connections be tried?"""
    if trouble := roster.here().trouble.get("tcp"):
        return broken(f"It cannot try connections: {trouble['why']}", LOG)
    count = Check.objects.looked_at().filter(probe="tcp").count()
    return works(f"Connections need no right of their own; {count} checks use them.")


def queue(now: datetime) -> Finding:
    """Does the cluster that delivers notices and does the housekeeping run its tasks?"""
    waiting = get_broker("default").queue_size()
    failed = Failure.objects.filter(stopped__gte=now - DAY)
    silent = silence("default")
    details: Details = (
        ("Waiting", f"{waiting} tasks"),
        ("Failed in a day", f"{failed.count()} tasks"),
        *_last(failed.first()),
    )
    if silent is None:
        return look("The cluster gives no sign of life on this machine.", START, details)
    details = (("Last sign", f"{duration(silent)} ago"), *details)
    if silent > STALE:
        return broken(f"The cluster has run no task for {duration(silent)}.", LOG, details)
    if waiting > MANY_TASKS:
        return look(f"{waiting} tasks wait: more come than are done.", LOG, details)
    if failed.exists():
        return look("It runs, but tasks failed within the last day.", LOG, details)
    return works("It runs.", details)


def _last(failure: Failure | None) -> Details:
    if failure is None:
        return ()
    words = str(failure.result).strip().splitlines() or ["no words"]
    return (("Last failure", f"{failure.func}, {_clock(failure.stopped)}: {words[0][:200]}"),)


def silence(cluster: str) -> float | None:
    """The seconds since the last sign of a cluster on this machine; None where there is no such process."""
    mark = f"Q_CLUSTER_NAME={cluster}"
    groups = processes.marked(mark)
    signs = [sign for group in groups if (sign := pulse.last(group))]
    return max(0.0, time.monotonic() - max(signs)) if signs else None


def outbox(now: datetime) -> Finding:
    """Do notices leave the house?"""
    due = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=now).order_by("due_at")
    lost = Attempt.objects.filter(delivery__state=Delivery.State.FAILED, ended_at__gte=now - DAY).exclude(error="")
    failed = lost.values("delivery").distinct().count()
    details: Details = (("Waiting", f"{due.count()} deliveries"), ("Failed in a day", f"{failed} deliveries"))
    if failed and (last := lost.order_by("-pk").first()):
        details = (*details, ("Last failure", f"{_clock(last.started_at)}: {last.error[:200]}"))
    oldest = due.values_list("due_at", flat=True).first()
    waits = now - oldest if oldest else timedelta()
    if waits > SLOW:
        kind = broken if waits > STUCK else look
        return kind(f"The oldest notice has waited for {duration(waits.total_seconds())}.", LOG, details)
    if failed:
        return look("Some notices could not be delivered.", "Look at the last failure, and at that address.", details)
    return works("Notices are delivered as they come.", details)


def live_updates(now: datetime) -> Finding:
    """Do open pages hear of changes?"""
    watcher, changes = live.watcher, sum(Topic.objects.values_list("changes", flat=True))
    details: Details = (("Pages that follow", str(len(watcher.followers))), ("Changes so far", str(changes)))
    if watcher.followers and not (watcher.thread and watcher.thread.is_alive()):
        return broken("Pages follow, but nobody watches for changes.", "Start Towerwatch anew.", details)
    return works("Open pages hear of changes by themselves.", details)


EXAMINED: dict[str, Callable[[datetime], Finding]] = {
    "Looking": looking,
    "Ping (ICMP)": ping,
    "Connections (TCP)": tcp,
    "Sources (UISP)": sources.sources,
    "Queue": queue,
    "Outbox": outbox,
    "Failed deliveries": letters.dead_letters,
    "E-mail": telling.email,
    "Push": telling.push,
    "SMS": telling.sms,
    "Webhooks and chats": telling.others,
    "Live updates": live_updates,
    "Database": machine.database,
    "Disk": machine.disk,
    "Clock": machine.clock,
    "Backup": safety.backups,
    "Keys": safety.secret_keys,
    "Heartbeat": safety.beating,
    "Sending": safety.sending,
    "Log": safety.log_file,
    "Address": machine.address,
    "Versions": machine.versions,
}
