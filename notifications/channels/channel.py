"""What every channel is."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.models import Delivery


class DeliveryError(Exception):
    """A delivery failed. Permanent: its address is turned off. Else it is tried again, after `retry_after` s."""

    def __init__(self, text: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.permanent = permanent
        self.retry_after = retry_after


class Channel:
    """A road to a recipient."""

    label: ClassVar[str]
    icon: ClassVar[str]

    def send(self, delivery: Delivery) -> None:
        """Hand the notice over to the delivery's address; raises DeliveryError. Called outside any transaction."""
        raise NotImplementedError


@cache
def named(name: str) -> Channel:
    """The channel of this name; raises KeyError for one that is not in the setting CHANNELS."""
    channel: Channel = import_string(settings.CHANNELS[name])()
    return channel
