"""Carriers: each channel that waits for somebody outside has a thread of its own, so no channel waits for another.

A worker of the queue is free again at once, however slow a mail server is. What a killed process had claimed is taken
again when its lease lapses, as ever.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from django.db import connections
from django.utils import timezone

from notifications.channels.channel import is_quick
from notifications.delivery import deliver

log = logging.getLogger(__name__)


class Carriers:
    """The threads of this process, at most one for each channel."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.threads: dict[str, threading.Thread] = {}
        self.asked_again: set[str] = set()

    def start(self, channel: str) -> None:
        """Let what is due by this channel be sent; whoever is at it already looks once more at the end."""
        with self.lock:
            if channel in self.threads:
                self.asked_again.add(channel)
                return
            # No daemon: a process that ends by itself lets the delivery in hand come to its end.
            thread = threading.Thread(target=self._carry, args=(channel,), name=f"carrier {channel}")
            self.threads[channel] = thread
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait until nobody is at work; whether that came about."""
        for thread in list(self.threads.values()):
            thread.join(seconds)
        return not self.threads

    def _carry(self, channel: str) -> None:
        try:
            while True:
                deliver.by(channel, timezone.now(), going=_is_going)
                if self._is_over(channel):
                    return
        except Exception:
            log.exception("nothing more is sent by %s until the next wake-up", channel)
            with self.lock:
                self.threads.pop(channel, None)
        finally:
            connections.close_all()

    def _is_over(self, channel: str) -> bool:
        with self.lock:
            again = channel in self.asked_again and _is_going()
            self.asked_again.discard(channel)
            if not again:
                del self.threads[channel]
            return not again


def _is_going() -> bool:
    """Not when the process ends: it waits for its threads."""
    return threading.main_thread().is_alive()


carriers = Carriers()


def carry(now: datetime) -> int:
    """Send what is due: by quick channels here and now, by each other one in its thread; how many were tried here."""
    tried = 0
    for channel in deliver.channels(now):
        if is_quick(channel):
            tried += deliver.by(channel, now)
        else:
            carriers.start(channel)
    return tried
