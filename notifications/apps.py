"""Floor 0 as a Django app: who wants to hear of which change, and by what road."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Events, subscriptions, notices and their delivery."""

    name = "notifications"

    def ready(self) -> None:
        """Register the checks of what is declared."""
        from notifications import checks  # noqa: F401
