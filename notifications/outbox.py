"""The outbox: notices and their deliveries are written in the transaction of what they tell of, each once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from notifications import interest, recipients
from notifications.channels.channel import is_quick
from notifications.models import Address, Delivery, Notice


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice that is not saved yet, its recipient, and the channels that were asked for ("": their defaults)."""

    notice: Notice
    person: models.Model
    channels: frozenset[str] = interest.DEFAULTS


def tell(people: Iterable[models.Model], text: str, link: str, about: models.Model, now: datetime) -> int:
    """Write to these people, whatever they subscribe to, in the caller's transaction; how many are told."""
    return post([Letter(written(person, text, link, about, now), person) for person in people], now)


def written(person: models.Model, text: str, link: str, about: models.Model, now: datetime) -> Notice:
    """A notice to this person that no subscription asked for, not saved yet; the text is cut at 280 signs."""
    return Notice(
        fingerprint=secrets.token_hex(32),
        object_type=ContentType.objects.get_for_model(about),
        object_id=about.pk,
        recipient_type=ContentType.objects.get_for_model(person),
        recipient_id=person.pk,
        text=text if len(text) <= 280 else text[:279] + "…",
        link=link,
        due_at=now,
        created_at=now,
    )


def post(letters: Sequence[Letter], now: datetime) -> int:
    """Save these notices and what is to be delivered of them, in the caller's transaction; how many were new.

    The unique fingerprint, not a look before it, keeps doubles away.
    """
    if not letters:
        return 0
    by_mark = {letter.notice.fingerprint: letter for letter in letters}
    with transaction.atomic():
        known = set(Notice.objects.filter(fingerprint__in=list(by_mark)).values_list("fingerprint", flat=True))
        Notice.objects.bulk_create([letter.notice for letter in letters], ignore_conflicts=True)
        # What another process wrote in between is among them: its deliveries are unique too, so either may add them.
        new = list(Notice.objects.filter(fingerprint__in=by_mark.keys() - known))
        _address([replace(by_mark[notice.fingerprint], notice=notice) for notice in new])
        recipients.wake()
    return len(new)


def _address(letters: Sequence[Letter]) -> None:
    addresses: dict[tuple[int, int], list[Address]] = {}
    for address in recipients.addresses({letter.person for letter in letters}):
        addresses.setdefault((address.owner_type_id, address.owner_id), []).append(address)
    Delivery.objects.bulk_create(
        (
            Delivery(notice=letter.notice, address=address, due_at=letter.notice.due_at)
            for letter in letters
            for address in chosen(
                letter.channels, addresses.get((letter.notice.recipient_type_id, letter.notice.recipient_id), [])
            )
        ),
        ignore_conflicts=True,
    )


def chosen(channels: frozenset[str], addresses: Sequence[Address]) -> list[Address]:
    """The addresses to use of a person's: the inbox always; where the channels named lead nowhere, the defaults do."""
    quick = [one for one in addresses if is_quick(one.channel)]
    others = [one for one in addresses if not is_quick(one.channel)]
    defaults = [one for one in others if one.by_default]
    named = [one for one in others if one.channel in channels]
    leads_nowhere = not named and any(name and not is_quick(name) for name in channels)
    if "" in channels or leads_nowhere:
        named += [one for one in defaults if one not in named]
    return quick + named
