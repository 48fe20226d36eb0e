"""The outbox: notices and their deliveries are written in the transaction of what they tell of, each once."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import Cast

from notifications import general, interest, recipients
from notifications.address import Reach
from notifications.channels.channel import is_quick
from notifications.delivery import storm
from notifications.event import GENERAL
from notifications.inserting import insert
from notifications.models import Delivery, Notice, Told
from notifications.told import mark

# So many are saved by one statement.
PORTION = 2000


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice that is not saved yet, its recipient, and the channels that were asked for ("": their defaults).

    What is urgent is told by itself in the worst storm.
    """

    notice: Notice
    person: models.Model
    channels: frozenset[str] = interest.DEFAULTS
    urgent: bool = False


Way = tuple[Letter, Reach]
NOTICE = [field.attname for field in Notice._meta.concrete_fields if not field.primary_key]
DELIVERY = ["notice_id", "address_id", "channel", "state", "due_at"]


def tell(
    people: Iterable[models.Model],
    text: str,
    link: str,
    about: models.Model,
    now: datetime,
    event: str = GENERAL,
    *,
    urgent: bool = False,
) -> int:
    """Write to these people, whatever they subscribe to, in the caller's transaction; how many are told.

    It goes by the channels that each of them chose for general notices.
    """
    people = list(people)
    by_person = general.channels(people)
    notices = {one: written(one, text, link, about, now, event) for one in people}
    return post([Letter(notice, one, by_person[one], urgent) for one, notice in notices.items()], now)


def written(person: models.Model, text: str, link: str, about: models.Model, now: datetime, event: str = "") -> Notice:
    """A notice to this person that no subscription asked for, not saved yet; the text is cut at 280 signs."""
    return Notice(
        fingerprint=secrets.token_hex(32),
        event=event,
        object_type=ContentType.objects.get_for_model(about),
        object_id=about.pk,
        recipient_type=ContentType.objects.get_for_model(person),
        recipient_id=person.pk,
        text=text if len(text) <= 280 else text[:279] + "…",
        link=link,
        due_at=now,
        created_at=now,
    )


def post(letters: Iterable[Letter], now: datetime, refused: set[str] | None = None) -> int:
    """Save these notices and what is to be delivered of them, in the caller's transaction; how many were new.

    The unique fingerprint, not a look before it, keeps doubles away. `refused` takes in the fingerprints of those that
    were told already.
    """
    by_mark = {letter.notice.fingerprint: letter for letter in letters}
    marks = list(by_mark)
    # In the caller's transaction a savepoint of its own would cost two questions more and save nothing.
    with transaction.atomic(savepoint=False):
        count = 0
        for start in range(0, len(marks), PORTION):
            portion = {one: by_mark[one] for one in marks[start : start + PORTION]}
            known = _known(portion)
            if refused is not None:
                refused |= known
            count += _save({one: letter for one, letter in portion.items() if one not in known}, now)
        if count:
            recipients.wake()
    return count


def _save(letters: Mapping[str, Letter], now: datetime) -> int:
    if not letters:
        return 0
    rows = [_values(letter.notice) for letter in letters.values()]
    # What another process wrote in between is not among them: that one also writes what is to be delivered of it.
    new = sorted(insert(Notice, NOTICE, rows, key="fingerprint"), key=lambda row: row[1])
    for fingerprint, pk in new:
        letters[fingerprint].notice.pk = pk
    _address([letters[fingerprint] for fingerprint, _ in new], now)
    return len(new)


def _values(notice: Notice) -> list[Any]:
    return [notice.__dict__[name] for name in NOTICE]


def _known(fingerprints: Collection[str]) -> set[str]:
    """Which of these were told already, by one query: notices that are there, and marks of those that were swept."""
    marks = {mark(one): one for one in fingerprints}
    there = Notice.objects.filter(fingerprint__in=fingerprints).order_by().values_list("fingerprint", Value(False))
    swept = Told.objects.filter(pk__in=marks).annotate(text=Cast("pk", models.CharField()))
    found = there.union(swept.values_list("text", Value(True)), all=True)
    return {marks[uuid.UUID(text)] if is_mark else text for text, is_mark in found}


def _address(letters: Sequence[Letter], now: datetime) -> None:
    addresses: dict[tuple[int, int], list[Reach]] = {}
    for address in recipients.addresses(letter.person for letter in letters):
        addresses.setdefault((address.owner_type_id, address.owner_id), []).append(address)
    ways = [
        (letter, address)
        for letter in letters
        for address in chosen(
            letter.channels, addresses.get((letter.notice.recipient_type_id, letter.notice.recipient_id), [])
        )
    ]
    held = _held(ways, now)
    rows = [
        (letter.notice.pk, address.pk, address.channel, _state(held, letter, address), letter.notice.due_at)
        for letter, address in ways
    ]
    insert(Delivery, DELIVERY, rows)


def _held(ways: Sequence[Way], now: datetime) -> set[int]:
    """The notices (their pks) that are too many: they go to the inbox, and by no other channel."""
    loud = {letter.notice.pk: letter for letter, address in ways if not is_quick(address.channel)}
    urgent = {pk for pk, letter in loud.items() if letter.urgent}
    return storm.excess([letter.notice for letter in loud.values()], urgent, now) if loud else set()


def _state(held: Collection[int], letter: Letter, address: Reach) -> str:
    is_held = letter.notice.pk in held and not is_quick(address.channel)
    return Delivery.State.HELD if is_held else Delivery.State.WAITING


def chosen(channels: frozenset[str], addresses: Sequence[Reach]) -> list[Reach]:
    """The addresses to use of a person's: the inbox always; where the channels named lead nowhere, the defaults do.

    Whoever names the inbox is content with it.
    """
    quick = [one for one in addresses if is_quick(one.channel)]
    others = [one for one in addresses if not is_quick(one.channel)]
    defaults = [one for one in others if one.by_default]
    named = [one for one in others if one.channel in channels]
    leads_nowhere = not named and "inbox" not in channels and any(name and not is_quick(name) for name in channels)
    if "" in channels or leads_nowhere:
        named += [one for one in defaults if one not in named]
    return quick + named
