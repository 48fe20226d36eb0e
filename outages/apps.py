"""Floor 3 as a Django app: which equipment is down, since when, why, and whom it hurts."""

from django.apps import AppConfig


class OutagesConfig(AppConfig):
    """Checks, outages and incidents."""

    name = "outages"
