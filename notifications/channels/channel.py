"""What every channel is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db.models import Model
from django.utils.module_loading import import_string

from notifications.delivery import leaving
from notifications.models import Address, Delivery, Notice


class DeliveryError(Exception):
    """A delivery failed; it is tried again, after `retry_after` s where that is longer than the back-off.

    Not so where it is permanent (the address does not work: it is turned off), gone (the address is no more: it is
    removed) or hopeless (this delivery will never succeed, and the address is not to blame). Where it is busy, whoever
    takes what goes to this `host` asks for `retry_after` s from all of us: nothing else goes there meanwhile.
    """

    def __init__(
        self,
        text: str,
        *,
        permanent: bool = False,
        gone: bool = False,
        hopeless: bool = False,
        busy: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.permanent = permanent
        self.gone = gone
        self.hopeless = hopeless
        self.busy = busy
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Parts:
    """What an address is made of: `value` may be shown, and tells it from its owner's others; `secrets` is sealed.

    `shown_once` is what its owner has to copy at once, because nobody can see it later.
    """

    value: str
    secrets: str = ""
    label: str = ""
    shown_once: str = ""


class Channel:
    """A road to a recipient. A quick one waits for nobody outside the house.

    `explains` says in a sentence or two what it is and what it takes. `loudness` orders the channels for whoever does
    not answer: 0 is looked at some time, 3 wakes somebody up. `rights` is the permission that adding an address takes.
    A new address is one of its owner's defaults where that is so `by_default`. A channel that `verifies` sends a code
    to a new address, and nothing else before it was typed in. `per_minute` is how many deliveries may leave by it in a
    minute (None: as many as go), `lanes` how many may be on their way at once, from each worker. Addresses of a channel
    that `registers` come from the other side, as browsers do: they are removed and not turned off. One that `stays` is
    nobody's to turn off. `renews` names the button that gives an address another secret.
    """

    label: ClassVar[str]
    icon: ClassVar[str]
    explains: ClassVar[str] = ""
    quick: ClassVar[bool] = False
    loudness: ClassVar[int] = 1
    rights: ClassVar[str] = ""
    by_default: ClassVar[bool] = True
    verifies: ClassVar[bool] = True
    per_minute: ClassVar[int | None] = None
    lanes: ClassVar[int] = 4
    registers: ClassVar[bool] = False
    stays: ClassVar[bool] = False
    renews: ClassVar[str] = ""

    def lacks(self) -> str:
        """What is missing before this channel can be used, in one sentence; nothing where it can."""
        return ""

    def given(self, owner: Model) -> str | None:
        """The address at which everybody like this owner is reached without asking for it; None for no such address."""
        return None

    def fields(self) -> dict[str, forms.Field]:
        """What to ask for a new address, by name; nothing where addresses of this channel cannot be added."""
        return {}

    def clean(self, owner: Model, data: Mapping[str, Any]) -> Parts:
        """The address that these (valid) fields mean; raises ValidationError, best by the name of a field."""
        raise NotImplementedError

    def shown(self, address: Address) -> str:
        """What its owner sees of an address besides its label."""
        return address.value

    def tell_code(self, address: Address, code: str) -> None:
        """Send the code that proves whose the address is; raises DeliveryError. Called outside any transaction."""
        raise NotImplementedError

    def renew(self, address: Address, now: datetime) -> str:
        """Give an address another secret, and say which: it is shown this once."""
        raise NotImplementedError

    def forget(self, address: Address) -> None:
        """Its owner removes an address."""
        leaving.remove(address)

    def cost(self, notice: Notice) -> str:
        """What sending it costs, in words; nothing where it is free."""
        return ""

    def host(self, address: Address) -> str:
        """Who takes what goes to this address, where it is not the same for the whole channel: who may be busy."""
        return ""

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
