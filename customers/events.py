"""The events of this floor: what happens to customers, sites and equipment as such, to meters and to reminders."""

from functools import partial
from typing import Any

from customers.models import Equipment
from notifications.asks import Ask, AskSeveral, AskText
from notifications.conditions import (
    DAY,
    aged,
    ahead,
    changed,
    created,
    deleted,
    filled,
    passed_multiple,
    past,
    tagged,
)  # fmt: skip
from notifications.event import Asked, Audience, Due, Event
from notifications.past import Filled, Made, Past, Planned

TAG = AskText("tag", "This tag (none: any)", default="")
AGE = Ask("days", "After so many days", default=365, minimum=1, maximum=36_500)
DAYS = AskSeveral("days", "Days before", default=[30, 7], minimum=0, maximum=3650)
EVERY = Ask("every", "At each multiple of (hours or gigabytes)", default=1000, minimum=1, maximum=1_000_000_000)
MINUTES = AskSeveral("minutes", "Minutes before (0: at its time)", default=[0], minimum=0, maximum=60 * 24 * 30)
OF_CUSTOMER = ("customers.Customer",)
OF_SITE = (*OF_CUSTOMER, "customers.Site")
OF_DEVICE = (
    "name", "kind", "address", "mac", "vendor", "model", "serial", "warranty_until", "uplink_id", "site_id",
    "customer_id",
)  # fmt: skip
EVERYBODY = ("everybody",)


def life(
    name: str,
    of: str,
    article: str,
    fields: tuple[str, ...],
    within: tuple[str, ...] = (),
    past: Past | None = None,
) -> list[Event]:
    """What happens to objects of any kind: `article` is what one is called ("a site"), `fields` are what may change.

    `past` says how it is known when one was added.
    """
    what, event = article[:1].upper() + article[1:], partial(Event, of=of, within=within)
    return [
        event(
            f"{name}.created",
            label=f"{what} was added",
            when=created(),
            past=past,
            first=True,
            says="{after} was added",
        ),
        event(f"{name}.changed", label=f"{what} was changed", when=changed(*fields), says="{after}: {words}"),
        event(f"{name}.deleted", label=f"{what} was deleted", when=deleted(), says="{after} was deleted"),
    ]


def kept(name: str, of: str, article: str, fields: tuple[str, ...], within: tuple[str, ...] = ()) -> list[Event]:
    """The same of objects that carry tags, grow old and are put away."""
    what, event = article[:1].upper() + article[1:], partial(Event, of=of, within=within)
    return [
        *life(name, of, article, fields, within, Made("created_at")),
        event(
            f"{name}.archived",
            label=f"{what} was archived",
            when=filled("archived_at"),
            past=Filled("archived_at"),
            says="{after} was archived",
        ),
        event(
            f"{name}.tagged",
            label=f"{what} was tagged",
            when=tagged(),
            asks=(TAG,),
            says="{after} was tagged: {words}",
        ),
        event(
            f"{name}.aged",
            label=f"{what} has been here for a time",
            plans=aged(),
            past=Planned("created_at", "days", DAY, after=True),
            asks=(AGE,),
            says="{after} has been here for {after.age}",
        ),
    ]


def is_current(thing: Any, asked: Asked) -> bool:
    """It is not archived."""
    return thing.archived_at is None


def is_open(reminder: Any, asked: Asked) -> bool:
    """It is not done yet."""
    return reminder.done_at is None


def is_for_another(reminder: Any, asked: Asked) -> bool:
    """Somebody made it for a colleague."""
    return bool(reminder.is_for_another)


def given(before: Any, after: Any, asked: Asked) -> Due | None:
    """A colleague made it for its user, or handed it to them."""
    if after is None or not after.is_for_another:
        return None
    if before is None:
        return Due()
    return Due((after.user_id, after.observed_at)) if before.user_id != after.user_id else None


def its_user(reminder: Any) -> list[Any]:
    """Whom it is for."""
    return [reminder.user]


def both(reminder: Any) -> list[Any]:
    """Whom it is for, and who made it."""
    return [reminder.user, reminder.created_by]


of_equipment = partial(Event, of="customers.Equipment", within=OF_SITE)
of_reminder = partial(Event, of="customers.Reminder", audience=Audience.PERSONAL, defaults=EVERYBODY)

EVENTS = [
    *kept(
        "customer",
        "customers.Customer",
        "a customer",
        ("given_name", "family_name", "company_name", "account", "email", "phone", "street", "town", "suspended"),
    ),
    *life("contact", "customers.Contact", "a contact", ("name", "duty", "email", "phone"), OF_CUSTOMER),
    *kept("site", "customers.Site", "a site", ("name", "kind", "street", "town", "customer_id"), OF_CUSTOMER),
    *kept(
        "equipment",
        "customers.Equipment",
        "a piece of equipment",
        OF_DEVICE,
        OF_SITE,
    ),
    of_equipment(
        "equipment.warranty_expiring",
        label="A warranty is about to end",
        plans=ahead("warranty_until", "days", is_current, DAY),
        past=Planned("warranty_until", "days", DAY),
        among=Equipment.objects.under_warranty,
        asks=(DAYS,),
        says="The warranty of {after} ends on {after.warranty_until:%d %b %Y}",
    ),
    of_equipment(
        "equipment.meter_multiple",
        label="A meter passed a multiple of a number",
        when=passed_multiple("meter", "every", is_current),
        holds=past("meter", "every", where=is_current),
        asks=(EVERY,),
        says="The meter of {after} says {after.meter_words}",
    ),
    of_reminder(
        "reminder.created",
        label="A colleague made me a reminder",
        when=given,
        past=Made("created_at", related=("user", "created_by")),
        first=True,
        people=its_user,
        says="{after.created_by} reminds you, {after.when}: {after.whole}",
    ),
    of_reminder(
        "reminder.imminent",
        label="The time of a reminder has come",
        plans=ahead("due_at", where=is_open),
        past=Planned("due_at", "minutes", related=("user",)),
        asks=(MINUTES,),
        people=its_user,
        says="Reminder, {after.when}: {after.whole}",
    ),
    of_reminder(
        "reminder.changed",
        label="A reminder between a colleague and me was changed",
        when=changed("text", "due_at", where=is_for_another),
        people=both,
        says="Reminder, {words}: {after.when}, {after.whole}",
    ),
    of_reminder(
        "reminder.done",
        label="What I reminded a colleague of is done",
        when=filled("done_at", is_for_another),
        past=Filled("done_at", related=("user", "created_by")),
        people=both,
        says="Done, by reminder of {after.user}: {after.whole}",
    ),
    of_reminder(
        "reminder.deleted",
        label="A reminder between a colleague and me was deleted",
        when=deleted(is_for_another),
        people=both,
        says="Reminder taken back: {after.whole}",
    ),
]
