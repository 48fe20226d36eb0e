"""A notice as an e-mail: one fixed layout in plain text and HTML, and what mail programs read beside it."""

from __future__ import annotations

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from notifications import house, unsubscribing, why
from notifications.models import Delivery, Notice

LONGEST_SUBJECT = 150


def compose(delivery: Delivery) -> EmailMultiAlternatives:
    """The message for one delivery; a repeated try makes the same one, so that it is known as such."""
    notice, stop = delivery.notice, unsubscribing.link(delivery)
    with timezone.override(house.zone()):
        context = {
            "notice": notice,
            "house": house.name(),
            "product": house.PRODUCT,
            "link": house.url(notice.link) if notice.link else house.url("/"),
            "reason": why.reasons([notice])[notice.pk],
            "stop": stop,
        }
        text = render_to_string("notifications/email.txt", context)
        html = render_to_string("notifications/email.html", context)
    message = EmailMultiAlternatives(subject(notice), text, to=[delivery.to.value], headers=headers(delivery, stop))
    message.attach_alternative(html, "text/html")
    return message


def subject(notice: Notice) -> str:
    """The notice on one line: a name may hold a line break, and a header must not."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in notice.text).split())
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def headers(delivery: Delivery, stop: str) -> dict[str, str]:
    """What mail programs read: RFC 8058 (one click), RFC 3834 (no person wrote this), RFC 5322 (threads)."""
    thread = f"<{_thread(delivery.notice)}@{house.host()}>"
    return {
        "Message-ID": f"<{_mark(delivery)}@{house.host()}>",
        "In-Reply-To": thread,
        "References": thread,
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def _mark(delivery: Delivery) -> str:
    # With the time of writing: an installation that is made anew counts from one again.
    written = int(delivery.notice.created_at.timestamp() * 1000)
    return f"{delivery.notice.fingerprint[:24]}.{written:x}.{delivery.address_id}"


def _thread(notice: Notice) -> str:
    """What is told of one object hangs together: that it is down, and that it is back."""
    kind = notice.object_type
    return f"about.{kind.app_label}.{kind.model}.{notice.object_id}"
