"""Tasks of the queue tell times as pages do: in the ISP's zone."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django_q.signals import pre_execute


def listen() -> None:
    """Set the zone before each task of this process."""
    pre_execute.connect(_begins, dispatch_uid="zone")


def _begins(**_: Any) -> None:
    from config.middleware import zone

    timezone.activate(zone())
