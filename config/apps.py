"""The top floor as a Django app."""

import sqlite3
from contextlib import closing

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Settings, people, set-up and health."""

    name = "config"
    verbose_name = "Towerwatch"

    def ready(self) -> None:
        """Let the queue's workers give signs of life, and tell times in the ISP's zone; write many rows at once."""
        from config import pulse, worker_zone

        pulse.listen()
        worker_zone.listen()
        _ask_sqlite_how_much_it_takes()


def _ask_sqlite_how_much_it_takes() -> None:
    from django.db.backends.sqlite3.base import DatabaseWrapper

    # Django cuts every insert at 999 values, the limit of an SQLite before 3.32 (sqlite.org/limits.html, 9).
    with closing(sqlite3.connect(":memory:")) as connection:
        most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    DatabaseWrapper.features_class.max_query_params = min(most, 32_766)  # type: ignore[method-assign, assignment]
