"""Run as a program in the settings of an installation: people, hosts and their checks, by the product's own actions."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from agents import roster  # noqa: E402
from config.models import User  # noqa: E402
from customers.models import Customer, Equipment  # noqa: E402
from outages import actions  # noqa: E402
from outages.models import Check  # noqa: E402
from tests import make  # noqa: E402


def main(
    people: list[str] = (), hosts: list[dict] = (), sources: list[dict] = (), loopback: bool = False, **rule: object
) -> None:
    """`people` are roles; a host may name its uplink and its customer, and `rule` is that of every check.

    A source lists the `devices` that it speaks of; each becomes equipment of that name.
    """
    for role in people:
        User.objects.create_user(f"{role}@example.net", None, name=role.capitalize(), role=role)
    if loopback:
        roster.simulate(True)
    for source in sources:
        _follow(**source)
    made: dict[str, Equipment] = {}
    for host in hosts:
        look = {name: host.pop(name) for name in ("probe", "port") if name in host}
        if customer := host.pop("customer", ""):
            host["customer"] = Customer.objects.create(given_name=customer)
        host["uplink"] = made.get(host.pop("uplink", ""))
        made[host["name"]] = Equipment.objects.create(**host)
        actions.save_check(Check(equipment=made[host["name"]], **look, **rule))


def _follow(devices: list[str], **fields: object) -> None:
    source = make.source(**fields)
    for name in devices:
        make.followed(source, make.equipment(name, kind="ap"), name)
    roster.tell_new_work()


if __name__ == "__main__":
    main(**json.load(sys.stdin))
