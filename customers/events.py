"""The events of this floor: what happens to customers, sites and equipment as such."""

from notifications.asks import AskText
from notifications.conditions import changed, created, deleted, filled, tagged
from notifications.event import Event

TAG = AskText("tag", "This tag (none: any)", default="")
OF_CUSTOMER = ("customers.Customer",)


def life(name: str, of: str, article: str, fields: tuple[str, ...], within: tuple[str, ...] = ()) -> list[Event]:
    """What happens to objects of any kind: `article` is what one is called ("a site"), `fields` are what may change."""
    what = article[:1].upper() + article[1:]
    return [
        Event(
            f"{name}.created",
            of=of,
            within=within,
            label=f"{what} was added",
            when=created(),
            first=True,
            says="{after} was added",
        ),
        Event(
            f"{name}.changed",
            of=of,
            within=within,
            label=f"{what} was changed",
            when=changed(*fields),
            says="{after} was changed",
        ),
        Event(
            f"{name}.archived",
            of=of,
            within=within,
            label=f"{what} was archived",
            when=filled("archived_at"),
            says="{after} was archived",
        ),
        Event(
            f"{name}.deleted",
            of=of,
            within=within,
            label=f"{what} was deleted",
            when=deleted(),
            says="{after} was deleted",
        ),
        Event(
            f"{name}.tagged",
            of=of,
            within=within,
            label=f"{what} was tagged",
            when=tagged(),
            asks=(TAG,),
            says="{after} has a new tag",
        ),
    ]


EVENTS = [
    *life(
        "customer",
        "customers.Customer",
        "a customer",
        ("given_name", "family_name", "company_name", "account", "email", "phone", "street", "town", "suspended"),
    ),
    *life("site", "customers.Site", "a site", ("name", "kind", "street", "town", "customer_id"), OF_CUSTOMER),
    *life(
        "equipment",
        "customers.Equipment",
        "a piece of equipment",
        ("name", "kind", "address", "mac", "serial", "uplink_id", "site_id", "customer_id"),
        (*OF_CUSTOMER, "customers.Site"),
    ),
]
