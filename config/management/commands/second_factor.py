"""manage.py second_factor EMAIL: take off the second factor of who has lost it, where no administrator can."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import staff
from config.models import User


class Command(BaseCommand):
    """For the last administrator, who has lost the phone and the recovery codes."""

    help = "Takes off the second factor of a user, and ends their sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("email", help="the address with which they sign in")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; it is in the audit log as done by Towerwatch itself."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"nobody signs in with {options['email']}")
        staff.reset_second_factor(user, None)
        self.stdout.write(f"{user} signs in with the password alone.")
