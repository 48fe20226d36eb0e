"""E-mail: by a mail server (SMTP), or by any provider that django-anymail knows."""

from __future__ import annotations

import contextlib
import re
import smtplib
import threading
from collections.abc import Callable, Mapping
from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import Model

from notifications.channels import letter
from notifications.channels.channel import Channel, DeliveryError, Parts
from notifications.channels.waits import retry_after
from notifications.models import Address, Delivery

NOT_SET_UP = "E-mail is not set up: the operator sets EMAIL_URL or EMAIL_PROVIDER."
# RFC 3463: these say that the mailbox or its domain does not exist, takes no mail or has moved. Of 5.1.x, 7 and 8 are
# about the sender; 5.2.2 is a mailbox that is full; the other subjects are policy, networks and systems.
THEIR_FAULT = re.compile(r"5\.(1\.[01234569]|1\.10|2\.[01])\b")
# RFC 5321, 4.2.2: of a server that gives no more than these, the codes that are about the mailbox; many answer so to
# whom they do not know or trust as well, and then no mailbox is to blame.
MAILBOX = (550, 551, 553)
OURS = re.compile(r"relay|auth|rcpthosts|polic|block|spam|denied|sender", re.IGNORECASE)
ENHANCED = re.compile(r"\d\.\d{1,3}\.\d{1,3}\b")


class Email(Channel):
    """A notice as a short e-mail. One connection serves the deliveries of one round; a fault ends it."""

    label = "E-mail"
    icon = "mail"
    explains = "Another mailbox, beside the one that you sign in with. A code goes there first."

    def __init__(self) -> None:
        self.here = threading.local()

    def lacks(self) -> str:
        """Who sends it is said in the environment."""
        return "" if settings.EMAIL_READY else NOT_SET_UP

    def given(self, owner: Model) -> str | None:
        """The address that one of the staff signs in with."""
        return (getattr(owner, "email", "") or None) if isinstance(owner, get_user_model()) else None

    def fields(self) -> dict[str, forms.Field]:
        """A mailbox."""
        widget = forms.EmailInput(attrs={"autocomplete": "email"})
        return {"mailbox": forms.EmailField(label="E-mail address", max_length=254, widget=widget)}

    def clean(self, owner: Model, data: Mapping[str, Any]) -> Parts:
        """The mailbox, its domain in small letters."""
        local, _, domain = data["mailbox"].rpartition("@")
        return Parts(f"{local}@{domain.lower()}")

    def tell_code(self, address: Address, code: str) -> None:
        """A short letter with the code in its subject."""
        self._hand_over(letter.of_code(address, code))

    def send(self, delivery: Delivery) -> None:
        """Hand one message over; raises DeliveryError, permanent only where the recipient's own address is refused."""
        if missing := self.lacks():
            raise DeliveryError(missing)
        self._hand_over(letter.compose(delivery))

    def _hand_over(self, message: EmailMultiAlternatives) -> None:
        try:
            message.connection = self._connection()
            message.send()
        except Exception as fault:
            self._give_up()
            raise explained(fault) from fault
        if "failed" in (getattr(getattr(message, "anymail_status", None), "status", None) or ()):
            raise DeliveryError(f"{settings.EMAIL_ROAD} could not send it")

    def let_go(self) -> None:
        """Say goodbye to the mail server."""
        if connection := self.here.__dict__.pop("connection", None):
            connection.close()

    def _connection(self) -> Any:
        if "connection" not in self.here.__dict__:
            connection = get_connection()
            connection.open()
            self.here.connection = connection
        return self.here.connection

    def _give_up(self) -> None:
        # The connection is broken already, and why is on its way to the log.
        with contextlib.suppress(Exception):
            self.let_go()


def explained(fault: Exception) -> DeliveryError:
    """What a fault means for the delivery and its address, in words."""
    for kind, explain in EXPLANATIONS:
        if isinstance(fault, kind):
            return explain(fault)
    return DeliveryError(f"{type(fault).__name__}: {fault}")


def _refused(fault: Any) -> DeliveryError:
    code, text = next(iter(fault.recipients.values()))
    answer = _answer(code, text)
    theirs = _is_theirs(answer)
    if theirs is None:
        theirs = code in MAILBOX and not OURS.search(answer)
    return DeliveryError(f"The mail server refuses this address: {answer}", permanent=code >= 500 and theirs)


def _is_theirs(answer: str) -> bool | None:
    """Does the enhanced status of an answer put it on the mailbox? None where it gives none."""
    enhanced = ENHANCED.match(answer[4:])
    return bool(THEIR_FAULT.match(enhanced[0])) if enhanced else None


def _ours(what: str) -> Callable[[Any], DeliveryError]:
    return lambda fault: DeliveryError(f"{what}: {_answer(fault.smtp_code, fault.smtp_error)}")


def _data(fault: Any) -> DeliveryError:
    # A message that is refused for what it says is refused again; the address is as good as before.
    answer, final = _answer(fault.smtp_code, fault.smtp_error), fault.smtp_code >= 500
    # Some say only at the end that they do not know the mailbox; a message has one recipient.
    theirs = final and bool(_is_theirs(answer))
    words = f"The mail server refuses this message: {answer}"
    return DeliveryError(words, permanent=theirs, hopeless=final and not theirs)


def _unreachable(fault: Any) -> DeliveryError:
    road = settings.EMAIL_ROAD or "the mail server"
    return DeliveryError(f"{road} cannot be reached: {fault or type(fault).__name__}")


def _not_by_provider(fault: Any) -> DeliveryError:
    code = fault.status_code
    words = f"{settings.EMAIL_ROAD}: {' '.join(str(fault).split())}"
    response = fault.response
    wait = retry_after(response.headers) if response is not None else None
    # 401 and 403 are our key, and an operator mends that; of the rest only too many and their own faults pass.
    return DeliveryError(words, hopeless=code in (400, 413, 422), busy=code in (429, 503), retry_after=wait)


def _refused_by_provider(fault: Any) -> DeliveryError:
    return DeliveryError(f"{settings.EMAIL_ROAD} refuses this address: {' '.join(str(fault).split())}", permanent=True)


def _answer(code: int, text: bytes | str) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(said.split())}"


EXPLANATIONS: tuple[tuple[type[Exception], Callable[[Any], DeliveryError]], ...] = (
    (smtplib.SMTPRecipientsRefused, _refused),
    (smtplib.SMTPSenderRefused, _ours("The mail server refuses our own address")),
    (smtplib.SMTPAuthenticationError, _ours("The mail server refuses our user or password")),
    (smtplib.SMTPDataError, _data),
    (smtplib.SMTPConnectError, _ours("The mail server turns us away")),
    (smtplib.SMTPHeloError, _ours("The mail server turns us away")),
    (AnymailRecipientsRefused, _refused_by_provider),
    (AnymailAPIError, _not_by_provider),
    (AnymailError, lambda fault: DeliveryError(f"{settings.EMAIL_ROAD}: {' '.join(str(fault).split())}")),
    (OSError, _unreachable),
)
