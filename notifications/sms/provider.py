"""Providers: who carries text messages. A new one is a file here and a line in the setting SMS_PROVIDERS."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from typing import Any

import requests
from django.conf import settings
from django.utils.module_loading import import_string

from notifications.channels.answers import beginning
from notifications.channels.channel import DeliveryError
from notifications.channels.waits import retry_after
from notifications.sms import segments

NOT_SET_UP = "SMS is not set up: the operator sets SMS_PROVIDER."
# Seconds that a provider may take to answer, and the octets of its answer that are read.
TIMEOUT = 10
LARGEST = 65_536


class Provider(ABC):
    """Takes text messages; made anew for each use from what the operator set."""

    label: str

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    @abstractmethod
    def send(self, to: str, text: str, sender: str) -> str:
        """Hand one message to a number (E.164) over; the provider's own id of it, "" where it gives none.

        `sender` is a number, or a name of at most 11 signs; "" leaves it to the provider. Raises DeliveryError.
        """

    def ask(self, method: str, url: str, **more: Any) -> tuple[requests.Response, bytes]:
        """One request without redirects, and the beginning of its answer; raises DeliveryError where none came."""
        try:
            with requests.request(method, url, timeout=TIMEOUT, allow_redirects=False, stream=True, **more) as answer:
                return answer, beginning(answer, TIMEOUT, LARGEST)
        except (requests.RequestException, OSError) as fault:
            # The words of the library hold the address, and that may hold a password.
            raise DeliveryError(f"{self.label} cannot be reached: {type(fault).__name__}") from None

    def refused(self, answer: requests.Response, words: str = "", permanent: bool = False) -> DeliveryError:
        """What an answer that is no success means: it passes (429, 5xx, our password), or this message never goes."""
        code = answer.status_code
        passing = code in (401, 403, 404, 408, 429) or code >= 500 or code < 400
        said = " ".join(f"{self.label} answers {code} {words}".split())
        wait = retry_after(answer.headers) if passing else None
        return DeliveryError(
            said[:300],
            permanent=permanent,
            hopeless=not passing and not permanent,
            # It says so of itself, and not of one number.
            busy=code in (429, 503),
            retry_after=wait,
        )


@cache
def _of(name: str) -> type[Provider]:
    found: type[Provider] = import_string(settings.SMS_PROVIDERS[name])
    return found


def lacks() -> str:
    """What is missing before text messages can be sent, in one sentence; nothing where they can."""
    return "" if settings.SMS["provider"] else NOT_SET_UP


def send(to: str, text: str) -> str:
    """Hand a message over to the provider that the operator chose, from the sender they chose; its id.

    Raises DeliveryError: permanent where the number takes none, hopeless where this message will never go.
    """
    if missing := lacks():
        raise DeliveryError(missing)
    if segments.count(text).is_too_long:
        raise DeliveryError(f"The message has more than {segments.LONGEST} signs", hopeless=True)
    return _of(settings.SMS["provider"])(settings.SMS).send(to, text, settings.SMS["sender"])
