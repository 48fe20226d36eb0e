"""Web push: a notice that a browser shows also when no page of ours is open (RFC 8030, 8291, 8292)."""

from __future__ import annotations

import io
import json
import threading
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from pywebpush import WebPushException, webpush

from notifications import acknowledging, house
from notifications.channels import browsers, push_key
from notifications.channels.answers import beginning
from notifications.channels.channel import Channel, DeliveryError
from notifications.channels.waits import retry_after
from notifications.event import DIRECT
from notifications.models import Address, Delivery, Notice

# Seconds that a push service may take to answer.
TIMEOUT = 10
# A push service keeps it for so many seconds for a browser that is away.
KEPT = 24 * 3600
# Push services take 4,096 octets (RFC 8030, 7.2), of which encryption takes about a hundred.
LARGEST = 3_800
LONGEST_TITLE = 80
# Of an answer, which nobody reads but the log.
LARGEST_ANSWER = 2_000
# RFC 8030, 5.4: at most 32 signs of base64url.
LONGEST_TOPIC = 32
WORDS = {
    400: "The push service does not understand this message",
    401: "The push service does not accept our key",
    403: "The push service does not accept our key: turn push off and on again in that browser",
    404: "The browser is not registered with its push service any more",
    410: "The browser takes no push messages any more",
    413: "The push service finds this message too large",
    429: "The push service asks us to slow down",
}


class WebPush(Channel):
    """A notice on the screen of a browser or a phone."""

    label = "Push"
    icon = "device-mobile-message"
    loudness = 2
    verifies = False
    registers = True

    def __init__(self) -> None:
        self.here = threading.local()

    def host(self, address: Address) -> str:
        """The push service of the browser."""
        return urlsplit(address.value).netloc

    def shown(self, address: Address) -> str:
        """Its endpoint says nothing to anybody."""
        return f"since {timezone.localtime(address.since):%-d %b %Y}"

    def forget(self, address: Address) -> None:
        """It is told when it comes by, so that it does not register again by itself."""
        browsers.forget(address)

    def send(self, delivery: Delivery) -> None:
        """Encrypt it for the browser and post it to its push service; raises DeliveryError."""
        address = delivery.to
        if refused := browsers.refusal(address.value):
            raise DeliveryError(f"The push service of this browser is not allowed: {refused}", hopeless=True)
        message, notice = payload(delivery.notice), delivery.notice
        if len(message.encode()) > LARGEST:
            raise DeliveryError(f"The message is larger than {LARGEST} octets", hopeless=True)
        headers = {"Urgency": "high" if notice.tone == "down" else "normal", "Topic": topic(notice)[:LONGEST_TOPIC]}
        try:
            self._post(address.value, address.secrets, message, headers)
        except push_key.Sealed as fault:
            raise DeliveryError(str(fault)) from fault
        except WebPushException as fault:
            raise _explained(fault) from fault
        except requests.RequestException as fault:
            raise DeliveryError(f"The push service cannot be reached: {type(fault).__name__}") from fault

    def _post(self, endpoint: str, secrets: str, message: str, headers: dict[str, Any]) -> None:
        if not secrets:
            raise DeliveryError("The keys of this browser cannot be opened: turn push off and on again in it")
        webpush(
            {"endpoint": endpoint, "keys": json.loads(secrets)},
            message,
            ttl=KEPT,
            timeout=TIMEOUT,
            headers=headers | push_key.signed(audience(endpoint), subject()),
            requests_session=self._session(),
        )

    def let_go(self) -> None:
        """Close the connections to the push services."""
        if session := self.here.__dict__.pop("session", None):
            session.close()

    def _session(self) -> requests.Session:
        if "session" not in self.here.__dict__:
            self.here.session = Straight()
        session: requests.Session = self.here.session
        return session


class Straight(requests.Session):
    """Goes where it is told and nowhere else."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As the library's, without following redirects, and with no more of a body than is worth waiting for."""
        answer = super().request(*args, **{**kwargs, "allow_redirects": False, "stream": True})
        found, raw = beginning(answer, TIMEOUT, LARGEST_ANSWER), answer.raw
        # One that was read to its end is in the pool again by now; any other connection is of no more use.
        raw.close()
        answer.raw = io.BytesIO(found)
        return answer


def payload(notice: Notice) -> str:
    """What the browser is to show, as JSON: whose it is, the line, what it replaces, and where a click leads."""
    about = _title(notice)
    shown = {
        "title": " ".join(about.split())[:LONGEST_TITLE],
        "body": notice.text,
        "tag": topic(notice),
        "url": notice.link or "/",
        "icon": static("icons/icon-192.png"),
        "at": int(notice.due_at.timestamp() * 1000),
    }
    if acknowledging.is_offered(notice):
        # The worker shows a button, and posts this.
        shown["acknowledge"] = acknowledging.token(notice)
    return json.dumps(shown, ensure_ascii=False)


def _title(notice: Notice) -> str:
    about = str(notice.about) if notice.about and (notice.event == DIRECT or not notice.is_written) else house.name()
    return f"{notice.sent_by}: {about}" if notice.sent_by else about


def topic(notice: Notice) -> str:
    """One for each object: that it is back takes the place of that it is down, on its way and on the screen."""
    return f"notice-{notice.pk}" if notice.is_written else f"{notice.kind.model}-{notice.object_id}"


def audience(endpoint: str) -> str:
    """Whom a signature is for (RFC 8292, 2): the push service, and not the one browser."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def subject() -> str:
    """How a push service reaches who sends (RFC 8292, 2.1): the sender of our e-mail, else our address."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    if settings.EMAIL_READY or not settings.PUBLIC_URL.startswith("https://"):
        return f"mailto:{sender}"
    return str(settings.PUBLIC_URL)


def _explained(fault: WebPushException) -> DeliveryError:
    answer = fault.response
    if answer is None:
        return DeliveryError(f"The keys of this browser are of no use: {fault.message}", hopeless=True)
    code = answer.status_code
    words = f"{WORDS.get(code, 'The push service answers')} ({code} {answer.reason})"
    passing = code == 429 or code >= 500 or code == 401
    return DeliveryError(
        words,
        gone=code in (404, 410),
        hopeless=not passing,
        # It says so of itself, and not of one browser.
        busy=code in (429, 503),
        retry_after=retry_after(answer.headers) if passing else None,
    )
