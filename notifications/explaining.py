"""Why, and why not: of one object and one person, which subscription tells of each event, or what keeps it away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models

from notifications import hearing, interest, outbox, recipients
from notifications.address import Reach
from notifications.channels.channel import is_quick
from notifications.delivery import pause
from notifications.delivery.log import Line as Sending
from notifications.event import Audience, Event, concerning
from notifications.interest import Wish
from notifications.matching import Match
from notifications.models import Notice, Subscription
from notifications.recipients import Recipient

# In words to them ("you", "yours"), or of them.
WHY_NOT = {
    "muted": "{they} have muted it, or what it belongs to",
    "off": "turned off for {them}, though everybody of the role hears of it",
    "not involved": "only what involves {them} is told, and this does not",
    "tags": "the tags do not let it through",
}
TO_THEM = {"they": "you", "them": "you", "theirs": "yours"}
OF_THEM = {"they": "they", "them": "them", "theirs": "theirs"}


@dataclass(frozen=True, slots=True)
class Line:
    """One subscription: why it means somebody, what keeps it from telling them (`not_told`), and what it depends on."""

    row: Subscription
    because: str
    not_told: str
    depends: tuple[str, ...]
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Of whom it is explained: why each (kind, key) means them, what reaches them, and the words by which they go."""

    person: Any
    because: dict[Recipient, str]
    addresses: Sequence[Reach]
    words: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one event: the subscriptions that mean somebody, and the last that they were told of it."""

    event: Event
    lines: tuple[Line, ...]
    last: Notice | None

    @property
    def is_told(self) -> bool:
        """Would they be told?"""
        return any(not line.not_told for line in self.lines)


@dataclass(frozen=True, slots=True)
class Explained:
    """All events of an object for one person. `hindrances` are what keeps everything from them but the inbox."""

    answers: tuple[Answer, ...]
    hindrances: tuple[str, ...]

    @property
    def asked(self) -> list[Answer]:
        """Those that a subscription asks for."""
        return [one for one in self.answers if one.lines]

    @property
    def not_asked(self) -> list[Answer]:
        """Those that none asks for."""
        return [one for one in self.answers if not one.lines]


def explain(thing: Any, person: Any, now: datetime, *, to_them: bool = False) -> Explained:
    """Of each event of this object: who tells this person of it, or what keeps it away; a few queries for all.

    It is said to this person (`to_them`), or to somebody else who asks.
    """
    label = thing._meta.label
    interest.wanted(label)
    match = Match(thing, now)
    match.actor = None  # who looks is not who acts
    words = TO_THEM if to_them else OF_THEM
    reader = _Reader(person, _because(person, now, to_them), recipients.reached([person]), words)
    met = [
        (event, [wish for wish in wishes if wish.recipient in reader.because], off)
        for event, wishes, off in match.wishes(concerning(label))
    ]
    rows = _rows(wish.pk for _, wishes, _ in met for wish in wishes)
    last = _last(thing, person)
    answers = [
        Answer(
            event,
            tuple(_line(event, rows[wish.pk], wish, match, off, reader) for wish in wishes if wish.pk in rows),
            last.get(event.key),
        )
        for event, wishes, off in met
    ]
    return Explained(tuple(answers), tuple(_hindrances(reader)))


def _because(person: Any, now: datetime, to_them: bool) -> dict[Recipient, str]:
    """Every (kind, key) that means this person now, and why."""
    found = {mine: recipients.because_then(*mine, [(person.pk, now)])[0] for mine in recipients.reaching(person)}
    return {mine: words if to_them else recipients.of_them(words) for mine, words in found.items()}


def _rows(keys: Iterable[int]) -> dict[int, Subscription]:
    return {row.pk: row for row in Subscription.objects.filter(pk__in=set(keys)).prefetch_related("about")}


def _line(event: Event, row: Subscription, wish: Wish, match: Match, off: set[Recipient], reader: _Reader) -> Line:
    depends = []
    if event.of != match.thing._meta.label:
        # It happens to what belongs to this object, which may have other tags, and involve others.
        if wish.tags_in or wish.tags_out:
            depends.append("on the tags of what it happens to")
        if wish.involved or event.audience is Audience.PERSONAL:
            depends.append("on whom it involves")
        event = replace(event, audience=Audience.GENERAL)
        wish = replace(wish, involved=False, tags_in=frozenset(), tags_out=frozenset())
    reason = match.dropped(event, reader.person, wish, off) if match.has_tags_for(wish) else "tags"
    ways = (hearing.channel_label(one.channel) for one in outbox.chosen(wish.channels, reader.addresses))
    not_told = WHY_NOT.get(reason, reason).format(**reader.words)
    return Line(row, reader.because[row.recipient], not_told, tuple(depends), tuple(dict.fromkeys(ways)))


def _last(thing: Any, person: Any) -> dict[str, Notice]:
    """The newest notice of each event of this very object."""
    kind = ContentType.objects.get_for_model(thing)
    newest = (
        Notice.objects.to(person)
        .filter(object_type=kind, object_id=thing.pk, withdrawn_at=None)
        .order_by()
        .values("event")
        .annotate(newest=models.Max("pk"))
    )
    return {notice.event: notice for notice in Notice.objects.filter(pk__in=[row["newest"] for row in newest])}


def _hindrances(reader: _Reader) -> Iterable[str]:
    if not getattr(reader.person, "is_active", True):
        yield "This account is turned off: nothing is told to it."
    if pause.is_paused():
        yield "Sending is paused: all of it waits, but for the inbox."
    if not any(not is_quick(one.channel) for one in reader.addresses):
        words = "No channel of {theirs} works, but for the inbox: nothing reaches {them} outside of Towerwatch."
        yield words.format(**reader.words)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one delivery: by which channel, how it stands, and the error of its last try, if any."""

    channel: str
    to: str
    state: str
    at: datetime | None
    error: str


def deliveries(notice: Notice) -> list[Sent]:
    """What came of a notice, by each address that was chosen for it."""
    rows = notice.deliveries.select_related("address").prefetch_related("attempts").order_by("pk")
    found = []
    for row in rows:
        last = next(reversed(row.attempts.all()), None)
        channel = hearing.channel_label(row.address.channel) if row.address else row.gone
        to = Sending(row).to if row.address and not is_quick(row.address.channel) else ""
        at = last.ended_at if last else None
        found.append(Sent(channel, to, row.get_state_display(), at, last.error if last else ""))
    return found
