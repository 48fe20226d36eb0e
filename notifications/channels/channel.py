"""What every channel is."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from django.conf import settings
from django.db.models import Model
from django.utils.module_loading import import_string

from notifications.models import Delivery


class DeliveryError(Exception):
    """A delivery failed; it is tried again, after `retry_after` s where that is longer than the back-off.

    Not so where it is permanent (the address does not work: it is turned off), gone (the address is no more: it is
    removed) or hopeless (this delivery will never succeed, and the address is not to blame).
    """

    def __init__(
        self,
        text: str,
        *,
        permanent: bool = False,
        gone: bool = False,
        hopeless: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.permanent = permanent
        self.gone = gone
        self.hopeless = hopeless
        self.retry_after = retry_after


class Channel:
    """A road to a recipient. A quick one waits for nobody outside the house."""

    label: ClassVar[str]
    icon: ClassVar[str]
    quick: ClassVar[bool] = False

    def lacks(self) -> str:
        """What is missing before this channel can be used, in one sentence; nothing where it can."""
        return ""

    def given(self, owner: Model) -> str | None:
        """The address at which everybody like this owner is reached without asking for it; None for no such address."""
        return None

    def send(self, delivery: Delivery) -> None:
        """Hand the notice over to the delivery's address; raises DeliveryError. Called outside any transaction."""
        raise NotImplementedError

    def let_go(self) -> None:
        """Close what was kept open from one delivery to the next; called by the thread that sent them."""


@cache
def named(name: str) -> Channel:
    """The channel of this name; raises KeyError for one that is not in the setting CHANNELS."""
    channel: Channel = import_string(settings.CHANNELS[name])()
    return channel


def ready() -> dict[str, Channel]:
    """The channels that can be used, by name."""
    return {name: named(name) for name in settings.CHANNELS if not named(name).lacks()}


def is_quick(name: str) -> bool:
    """Does this channel wait for nobody outside the house? So does one that is not there any more."""
    try:
        return named(name).quick
    except KeyError:
        return True
