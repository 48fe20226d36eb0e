"""Let something fail in the demo's invented network, from the command line."""

from __future__ import annotations

import json
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from agents.simulated.control import ControlError
from agents.simulated.failures import SCENARIOS
from config import demo

PLAIN = ("status", "pause", "resume", "recover")


class Command(BaseCommand):
    """`manage.py play WHAT`: a scenario by its name, one of the plain commands, or `fail` and `restore` of a device."""

    help = "Play failures in the demo: " + ", ".join((*SCENARIOS, *PLAIN, "fail DEVICE", "restore DEVICE")) + "."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and to which device."""
        parser.add_argument("what", choices=[*SCENARIOS, *PLAIN, "fail", "restore"])
        parser.add_argument("device", nargs="?", default="")

    def handle(self, *, what: str, device: str, **options: Any) -> None:
        """Ask the network, and print how it is then."""
        try:
            status = demo.command(request(what, device))
        except ControlError as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(json.dumps(status, indent=2))


def request(what: str, device: str) -> dict[str, Any]:
    """The request to the network."""
    if what in ("fail", "restore"):
        return {"command": what, "device": device}
    return {"command": "play", "scenario": what} if what in SCENARIOS else {"command": what}
