"""What every page shows around its own content: the menu, the bell, the alarms across the top."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from agents import roster
from config import __version__, github, machine, options, room, setup
from config.demo import STAFF
from config.templatetags.shell import clock_time
from config.views.door import is_local
from notifications.delivery import pause
from notifications.models import Notice
from outages.models import Source


@dataclass(frozen=True)
class Place:
    """A place that the menu leads to; `key` follows g on the keyboard."""

    label: str
    name: str
    icon: str
    key: str
    permission: str
    under: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where it is."""
        return reverse(self.name)


@dataclass(frozen=True)
class Item:
    """A place as the menu of one page shows it."""

    label: str
    url: str
    icon: str
    key: str
    active: bool


LETTERS = ("delivery", "dead_letters", "addresses")
PLACES = (
    Place("Now", "now", "activity-heartbeat", "n", "outages.view"),
    Place("Incidents", "incidents", "urgent", "i", "outages.view", ("incident",)),
    Place("Outages", "outages", "plug-connected-x", "o", "outages.view", ("outage",)),
    Place("Customers", "customers", "users", "c", "customers.view", ("customer", "contact")),
    Place("Sites", "sites", "building-broadcast-tower", "s", "customers.view", ("site",)),
    Place("Network", "equipments", "router", "e", "customers.view", ("equipment", "check")),
    Place("Duty", "duty", "phone-call", "d", "notifications.view_duty", ("duty",)),
    Place("Reminders", "reminders", "alarm", "m", "customers.view", ("reminder",)),
    Place("Triage", "triage", "arrows-sort", "t", "outages.view"),
    Place("Sources", "sources", "database-import", "r", "outages.view", ("source",)),
    Place("Users", "users", "user-shield", "u", "config.health", ("user", "roles", "coverage")),
    Place("Deliveries", "deliveries", "send", "v", "notifications.delivery_log", LETTERS),
    Place("Audit log", "audit", "history", "l", "config.audit"),
    Place("Health", "health", "stethoscope", "h", "config.health"),
    Place("Settings", "settings", "settings", ",", "config.options", ("demo", "backups", "heartbeat", "held_back")),
)


def release() -> str:
    """The version of Towerwatch."""
    return __version__


def shell(request: HttpRequest) -> dict[str, Any]:
    """For every template: see the names below."""
    chosen = options.current()
    around: dict[str, Any] = {
        "isp_name": chosen.isp_name,
        "demo": chosen.demo,
        "zone": chosen.time_zone,
        "version": release(),
        "menu": [],
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        nobody_yet = SimpleLazyObject(setup.is_open)
        shut = {"demo_accounts": demo_accounts(request), "nobody_yet": nobody_yet}
        return around | shut | {"github_is_on": github.is_on()}
    # Lazy, so that a fragment asks the database for no more than it shows.
    lazy = {
        "unread": SimpleLazyObject(partial(unread, user)),
        "alarms": SimpleLazyObject(alarms),
        "paused": SimpleLazyObject(pause.is_paused),
    }
    return around | {"menu": menu(request), **lazy}


def demo_accounts(request: HttpRequest) -> list[dict[str, str]]:
    """The people of the demo as whom anybody may come in: only in the demo, and only from its own machine."""
    if not (settings.DEMO and is_local(request)):
        return []
    return [{"role": role, "label": role.label, "text": text} for role, _, text in STAFF]


def menu(request: HttpRequest) -> list[Item]:
    """The places that this user may go to."""
    match = request.resolver_match
    here = (match.url_name or "") if match else ""
    return [
        Item(place.label, place.url, place.icon, place.key, _is_at(place, here))
        for place in PLACES
        if request.user.has_perm(place.permission)
    ]


def _is_at(place: Place, name: str) -> bool:
    return name == place.name or any(name == under or name.startswith(f"{under}_") for under in place.under)


def unread(user: Any) -> int:
    """How many notices wait in this user's inbox; counting ends at a hundred."""
    return int(Notice.objects.to(user).told(timezone.now()).unread().order_by()[:100].count())


def alarms() -> list[str]:
    """What staff must know before they believe any page: that nobody looks, or that a way of looking is shut."""
    agent, now = roster.here(), timezone.now()
    found = []
    if room.free() < machine.VERY_LITTLE:
        found.append("The disk is full: what is seen can hardly be written down. Make room on it.")
    if agent.seen_at is None:
        found.append("We are not listening yet: looking has not begun.")
    elif now - agent.seen_at > roster.LATE:
        since = clock_time(timezone.localtime(agent.seen_at), timezone.localtime(now))
        found.append(f"We are not listening: nothing has been looked at since {since}.")
    found += [f"{way.upper()} cannot look: {trouble['why']}" for way, trouble in agent.trouble.items()]
    return found + [f"{source.complaint}." for source in Source.objects.asked().silent()]
