"""Why somebody got a notice."""

from __future__ import annotations

from collections.abc import Iterable

from notifications import recipients
from notifications.event import declared
from notifications.models import Notice, Subscription


def reasons(notices: Iterable[Notice]) -> dict[int, str]:
    """Why their recipients got these notices, in words, by the notices' pk; one query for all."""
    notices = list(notices)
    wishes = Subscription.objects.in_bulk({pk for notice in notices for pk in notice.why})
    return {notice.pk: _reason(notice, [wishes[pk] for pk in notice.why if pk in wishes]) for notice in notices}


def _reason(notice: Notice, wishes: list[Subscription]) -> str:
    if not notice.event:
        return "It was written to you; no subscription asked for it."
    event = declared().get(notice.event)
    because = [recipients.because(wish.recipient_kind, wish.recipient_key) for wish in wishes]
    why = "; ".join(dict.fromkeys(because)) or "the subscription has been deleted since"
    return f"“{event.label if event else notice.event}”: {why}."
