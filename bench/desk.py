"""A desk with any number of checks: sectors of twenty-five, twenty to a tower, and the staff who hear of them."""

from __future__ import annotations

import django

SECTOR, TOWER = 25, 500


def set_up() -> None:
    """Django, the tables and the shipped subscriptions, in the folder and the database that the environment names."""
    django.setup()
    from django.core.management import call_command

    from config import defaults
    from config.models import Role, User

    call_command("migrate", interactive=False, verbosity=0)
    defaults.give()
    for role in Role:
        User.objects.create_user(f"{role.value}@example.net", None, name=role.label, role=role)


def addresses(count: int) -> list[str]:
    """An address of 10/8 for each check; those of a sector follow each other, its access point first."""
    return [f"10.{1 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in range(count)]


def fill(checks: int, **rule: int) -> None:
    """So many pieces of equipment, each with a ping by this rule; all but the access points serve a customer."""
    from customers.models import Customer, Equipment
    from outages.models import Check

    homes = [n for n in range(checks) if n % SECTOR]
    customers = [Customer(given_name="Home", family_name=str(n)) for n in homes]
    made = dict(zip(homes, Customer.objects.quietly().bulk_create(customers, batch_size=500), strict=True))
    equipment = [
        Equipment(name=f"device {n}", kind=_kind(n), address=address, customer=made.get(n))
        for n, address in enumerate(addresses(checks))
    ]
    Equipment.objects.quietly().bulk_create(equipment, batch_size=500)
    for n, row in enumerate(equipment):
        row.uplink = equipment[_above(n)] if n else None
    Equipment.objects.quietly().bulk_update(equipment, ["uplink"], batch_size=500)
    Check.objects.bulk_create([Check(equipment=row, **rule) for row in equipment], batch_size=500)


def _kind(n: int) -> str:
    if n % SECTOR:
        return "cpe"
    return "ap" if n % TOWER else "router"


def _above(n: int) -> int:
    """A customer's radio hangs on its access point, that on the tower's router, and that on the first of all."""
    if n % SECTOR:
        return n - n % SECTOR
    return n - n % TOWER if n % TOWER else 0
