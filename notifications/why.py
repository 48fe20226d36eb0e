"""Why somebody got a notice: every subscription that asked for it, by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from notifications import recipients
from notifications.event import GENERAL, declared
from notifications.models import Notice, Step, Subscription
from notifications.recipients import Recipient

TAKEN_ON: dict[str, str] = {
    Step.Kind.NEXT: "who was told first did not acknowledge it, and you are the next on duty",
    Step.Kind.EVERYBODY: "nobody who was told before acknowledged it, and so administrators are told",
}


def reasons(notices: Iterable[Notice]) -> dict[int, str]:
    """Why their recipients got these notices, in words to them, by the notices' pk; as many queries for any number."""
    notices = list(notices)
    wishes = _wishes({pk for notice in notices for pk in notice.why})
    then, next_ones = _then(notices, wishes), _taken_on(notices)
    return {
        notice.pk: _reason(
            notice,
            [because(wishes[pk], then[notice.pk, wishes[pk].recipient]) for pk in notice.why if pk in wishes]
            or next_ones.get(notice.pk, []),
        )
        for notice in notices
    }


def subscriptions(notice: Notice, *, to_them: bool = True) -> list[tuple[Subscription, str]]:
    """The subscriptions that asked for a notice, as far as they are still there, each with why it meant its recipient.

    It is said to the recipient (`to_them`), or to somebody else who asks.
    """
    wishes = _wishes(set(notice.why))
    then = _then([notice], wishes)
    rows = [wishes[pk] for pk in dict.fromkeys(notice.why) if pk in wishes]
    words = [then[notice.pk, row.recipient] for row in rows]
    said = words if to_them else map(recipients.of_them, words)
    return [(row, because(row, one)) for row, one in zip(rows, said, strict=True)]


def because(row: Subscription, then: str) -> str:
    """Why one subscription tells somebody of something: `then` is why its recipient meant them."""
    return f"{then}, for {row.about}" if row.about is not None else then


def _wishes(keys: set[int]) -> dict[int, Subscription]:
    return {row.pk: row for row in Subscription.objects.filter(pk__in=keys).prefetch_related("about")}


def _then(notices: list[Notice], wishes: dict[int, Subscription]) -> dict[tuple[int, Recipient], str]:
    """Why each notice's recipient was meant when it was written: who is on duty is somebody else at another time."""
    asked: dict[Recipient, list[Notice]] = defaultdict(list)
    for notice in notices:
        for recipient in {wishes[pk].recipient for pk in notice.why if pk in wishes}:
            asked[recipient].append(notice)
    return {
        (notice.pk, recipient): words
        for recipient, told in asked.items()
        for notice, words in zip(
            told, recipients.because_then(*recipient, [(one.recipient_id, one.created_at) for one in told]), strict=True
        )
    }


def _taken_on(notices: list[Notice]) -> dict[int, list[str]]:
    """Why notices came that went on to somebody because nobody else acknowledged."""
    keys = [notice.pk for notice in notices if notice.escalate_after is not None and not notice.why]
    steps = Step.objects.filter(told__in=keys) if keys else ()
    return {step.told_id: [TAKEN_ON.get(step.kind, "")] for step in steps if step.told_id}


def _written(notice: Notice) -> str:
    if notice.is_digest:
        return "More than 20 notices came to you within a minute: this one stands for the further ones."
    if notice.event == GENERAL:
        return "It is a general notice, which everybody gets" + (f", by {notice.sent_by}." if notice.sent_by else ".")
    if notice.sent_by:
        return f"{notice.sent_by} wrote it to you; no subscription asked for it."
    return "It was written to you; no subscription asked for it."


def _reason(notice: Notice, because: list[str]) -> str:
    event = declared().get(notice.event)
    if notice.is_written:
        return _written(notice)
    why = "; ".join(dict.fromkeys(because)) or "the subscription has been deleted since"
    return f"“{event.label if event else notice.event}”: {why}."
