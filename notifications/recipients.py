"""Recipients: who a subscription means, resolved when something happens. The apps declare the kinds in RECIPIENTS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from notifications.channels.channel import ready
from notifications.models import Address

# The kind whose key is the pk of a user: the one that people subscribe for themselves by.
PERSON = "user"
Recipient = tuple[str, str]


@dataclass(frozen=True)
class RecipientKind:
    """A way to name recipients: a user by pk, everybody of a role.

    `people(keys)` are those who may hear now, each with the key that means them; `because(key)` says to one of them
    why they hear. `reaching(person)` are the keys that mean a person, `choices()` those to choose from, with their
    names, and `name(key)` is what one of them is called in a sentence.
    """

    kind: str
    label: str
    people: Callable[[Iterable[str]], Iterable[tuple[str, models.Model]]]
    because: Callable[[str], str]
    reaching: Callable[[Any], Iterable[str]]
    choices: Callable[[], Iterable[tuple[str, str]]]
    name: Callable[[str], str]


@cache
def kinds() -> dict[str, RecipientKind]:
    """Every declared kind of recipient."""
    found: list[RecipientKind] = [kind for path in settings.RECIPIENTS for kind in import_string(path)]
    return {kind.kind: kind for kind in found}


def resolve(kind: str, key: str) -> list[models.Model]:
    """The people that (kind, key) means at this moment; nobody where the kind is not declared any more."""
    return resolve_all([(kind, key)])[kind, key]


def resolve_all(pairs: Iterable[Recipient]) -> dict[Recipient, list[models.Model]]:
    """The people that each (kind, key) means at this moment, by one question for each kind."""
    found: dict[Recipient, list[models.Model]] = {pair: [] for pair in pairs}
    for kind in kinds().values():
        if keys := [key for of, key in found if of == kind.kind]:
            for key, person in kind.people(keys):
                found[kind.kind, key].append(person)
    return found


def own(person: Any) -> Recipient | None:
    """How a subscription of one user alone names them; None for who is no user."""
    return (PERSON, str(person.pk)) if isinstance(person, get_user_model()) else None


def reaching(person: models.Model) -> list[Recipient]:
    """Every (kind, key) that means this person."""
    return [(kind.kind, key) for kind in kinds().values() for key in kind.reaching(person)]


def name(recipient: Recipient) -> str:
    """What a recipient is called in a sentence."""
    declared = kinds().get(recipient[0])
    return declared.name(recipient[1]) if declared else "somebody"


def because(kind: str, key: str) -> str:
    """Why the people that (kind, key) means hear of something, in words to one of them."""
    declared = kinds().get(kind)
    return declared.because(key) if declared else "you were subscribed"


def addresses(people: Iterable[models.Model]) -> list[Address]:
    """Where these people are reached: everybody has an inbox, and what else a channel gives without being asked."""
    owners = {(ContentType.objects.get_for_model(person).pk, person.pk): person for person in people}
    if not owners:
        return []
    found, usable = _of(owners), ready()
    given = {
        (*owner, name): value
        for owner, person in owners.items()
        for name, channel in usable.items()
        if (value := channel.given(person)) is not None
    }
    if _keep_in_step(given, found):
        found = _of(owners)
    return [address for address in found if address.is_usable and address.channel in usable]


def _of(owners: Iterable[tuple[int, Any]]) -> list[Address]:
    keys: dict[int, list[Any]] = {}
    for kind, pk in owners:
        keys.setdefault(kind, []).append(pk)
    # By kind, not person by person: SQLite takes no condition of a thousand alternatives.
    by_kind = (Q(owner_type=kind, owner_id__in=pks) for kind, pks in keys.items())
    return list(Address.objects.filter(Q(*by_kind, _connector=Q.OR)))


def _keep_in_step(given: dict[tuple[int, Any, str], str], found: list[Address]) -> bool:
    """Add the addresses that are given and not there, and change those that are other ones now; was there any?"""
    there = {(row.owner_type_id, row.owner_id, row.channel): row for row in found}
    missing = [
        Address(owner_type_id=kind, owner_id=pk, channel=name, value=value)
        for (kind, pk, name), value in given.items()
        if (kind, pk, name) not in there
    ]
    other = [(there[key], value) for key, value in given.items() if key in there and there[key].value != value]
    Address.objects.bulk_create(missing, ignore_conflicts=True)
    for row, value in other:
        # That the former one did not work says nothing of this one; that its owner wants none does.
        Address.objects.filter(pk=row.pk).update(value=value, off_at=None, off_reason="")
    return bool(missing or other)


def wake() -> None:
    """Once the transaction is in the database, tell the queue that something waits; the database carries the truth."""
    transaction.on_commit(lambda: async_task("notifications.jobs.deliver", cluster="default"), robust=True)
