"""A notice as an e-mail: one fixed layout in plain text and HTML, and what mail programs read beside it."""

from __future__ import annotations

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from notifications import acknowledging, house, unsubscribing, why
from notifications.models import Address, Delivery, Notice, Report

LONGEST_SUBJECT = 150
# Octets; mail servers refuse messages above some ten million, and encoding adds a third.
LARGEST_ATTACHMENT = 5_000_000


def compose(delivery: Delivery) -> EmailMultiAlternatives:
    """The message for one delivery; a repeated try makes the same one, so that it is known as such."""
    notice, stop = delivery.notice, unsubscribing.link(delivery)
    attached = _attached(notice)
    report_url = house.url(reverse("report", args=[notice.report_id])) if notice.report_id else ""
    with timezone.override(house.zone()):
        context = {
            "notice": notice,
            "house": house.name(),
            "product": house.PRODUCT,
            "link": house.url(notice.link) if notice.link else house.url("/"),
            "reason": why.reasons([notice])[notice.pk],
            "stop": stop,
            "report": report_url,
            "attached": attached,
            "acknowledge": acknowledging.link(notice),
        }
        text = render_to_string("notifications/email.txt", context)
        html = render_to_string("notifications/email.html", context)
    message = EmailMultiAlternatives(
        subject(notice), text, to=[delivery.to.value], reply_to=_answers(notice), headers=headers(delivery, stop)
    )
    message.attach_alternative(html, "text/html")
    if attached:
        message.attach(attached.name, bytes(attached.content), attached.media_type.partition(";")[0])
    return message


def of_code(address: Address, code: str) -> EmailMultiAlternatives:
    """The message that asks whether a mailbox is that of who added it."""
    words = (
        f"{code}\n\nis the code with which {address.owner} lets {house.PRODUCT} of {house.name()} send notices to this "
        "mailbox. It is good for 15 minutes.\n\nIf you did not ask for it, do nothing: nothing else is sent here.\n"
    )
    message = EmailMultiAlternatives(f"{code} is your code for {house.PRODUCT}", words, to=[address.value])
    message.extra_headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    return message


def _attached(notice: Notice) -> Report | None:
    """The report that goes with it; one that is too large for mail servers is only linked to."""
    report = notice.report
    return report if report is not None and len(report.content) <= LARGEST_ATTACHMENT else None


def _answers(notice: Notice) -> list[str]:
    """Where an answer goes: to whoever wrote it, where somebody did."""
    address = getattr(notice.sent_by, "email", "") if notice.sent_by_id else ""
    return [address] if address else []


def subject(notice: Notice) -> str:
    """The notice on one line: a name may hold a line break, and a header must not."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in notice.text).split())
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def headers(delivery: Delivery, stop: str) -> dict[str, str]:
    """What mail programs read: RFC 8058 (one click), RFC 3834 (no person wrote this), RFC 5322 (threads)."""
    thread = f"<{_thread(delivery.notice)}@{house.host()}>"
    return {
        "Message-ID": f"<{message_id(delivery)}>",
        "In-Reply-To": thread,
        "References": thread,
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def message_id(delivery: Delivery) -> str:
    """What tells this message from every other; a repeated try has the same."""
    # With the time of writing: an installation that is made anew counts from one again.
    written = int(delivery.notice.created_at.timestamp() * 1000)
    return f"{delivery.notice.fingerprint[:24]}.{written:x}.{delivery.address_id}@{house.host()}"


def _thread(notice: Notice) -> str:
    """What is told of one object hangs together: that it is down, and that it is back."""
    return f"about.{notice.kind.app_label}.{notice.kind.model}.{notice.object_id}"
