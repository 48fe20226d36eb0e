"""The top floor as a Django app."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Settings, people, set-up and health."""

    name = "config"
    verbose_name = "Towerwatch"

    def ready(self) -> None:
        """Let the queue's workers give signs of life, and tell times in the ISP's zone."""
        from config import pulse, worker_zone

        pulse.listen()
        worker_zone.listen()
