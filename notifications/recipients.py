"""Recipients: who a subscription means, resolved when something happens. The apps declare the kinds in RECIPIENTS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from notifications.address import Reach
from notifications.channels.channel import Channel, ready
from notifications.delivery import leaving
from notifications.models import Address

# The kind whose key is the pk of a user: the one that people subscribe for themselves by.
PERSON = "user"
# The kind of whoever is called out: they have to be reached at any hour, and may say how soon something goes on.
ON_CALL = "duty"
# Of these nobody turns one off for themselves alone: one's own is removed instead, and duty is duty.
FIRM = (PERSON, ON_CALL)
Recipient = tuple[str, str]


def _nobody(key: str) -> bool:
    return False


@dataclass(frozen=True)
class RecipientKind:
    """A way to name recipients: a user by pk, everybody of a role.

    `people(keys)` are those who may hear now, each with the key that means them; `because(key)` says to one of them
    why they hear. `reaching(person)` are the keys that mean a person, `choices()` those to choose from, with their
    names, and `name(key)` is what one of them is called in a sentence. `involved(key)`: of what has people of its own,
    do they begin with what involves them? Where a key means others at another time, `because_then(key, told)` says it
    to each of (pk of the person, when).
    """

    kind: str
    label: str
    people: Callable[[Iterable[str]], Iterable[tuple[str, models.Model]]]
    because: Callable[[str], str]
    reaching: Callable[[Any], Iterable[str]]
    choices: Callable[[], Iterable[tuple[str, str]]]
    name: Callable[[str], str]
    involved: Callable[[str], bool] = _nobody
    because_then: Callable[[str, Sequence[tuple[Any, datetime]]], Iterable[str]] | None = None


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


class Meant:
    """Who is meant, for as long as one change is gone through: each (kind, key) is asked for once, many together."""

    def __init__(self) -> None:
        self.known: dict[Recipient, list[models.Model]] = {}

    def by(self, pairs: Iterable[Recipient]) -> dict[Recipient, list[models.Model]]:
        """The people whom these mean, and those that were asked for before."""
        if unknown := {pair for pair in pairs if pair not in self.known}:
            self.known |= resolve_all(unknown)
        return self.known


def own(person: Any) -> Recipient | None:
    """How a subscription of one user alone names them; None for who is no user."""
    return (PERSON, str(person.pk)) if isinstance(person, get_user_model()) else None


def reaching(person: models.Model) -> list[Recipient]:
    """Every (kind, key) that means this person."""
    return [(kind.kind, key) for kind in kinds().values() for key in kind.reaching(person)]


def is_refusable(recipient: Recipient) -> bool:
    """May one of those whom it means turn it off for themselves alone?"""
    return recipient[0] not in FIRM


def name(recipient: Recipient) -> str:
    """What a recipient is called in a sentence."""
    declared = kinds().get(recipient[0])
    return declared.name(recipient[1]) if declared else "somebody"


def involved(recipient: Recipient) -> bool:
    """Do they begin with what involves them alone?"""
    declared = kinds().get(recipient[0])
    return declared is not None and declared.involved(recipient[1])


def because(kind: str, key: str) -> str:
    """Why the people that (kind, key) means hear of something, in words to one of them."""
    declared = kinds().get(kind)
    return declared.because(key) if declared else "you were subscribed"


def because_then(kind: str, key: str, told: Sequence[tuple[Any, datetime]]) -> list[str]:
    """Why each of these, (pk of the person, when), heard by (kind, key): in words to them."""
    declared = kinds().get(kind)
    if declared and declared.because_then:
        return list(declared.because_then(key, told))
    return [because(kind, key)] * len(told)


def of_them(words: str) -> str:
    """Why somebody hears, in words to them, as it is said to another: “they are on duty”."""
    return re.sub(r"\byou\b", "they", re.sub(r"\bto you\b", "to them", words))


Owners = dict[tuple[int, Any], Any]


def addresses(people: Iterable[models.Model]) -> list[Reach]:
    """Where these people are reached: everybody has an inbox, and what else a channel gives without being asked."""
    owners = _owners(people)
    if not owners:
        return []
    found, usable = _of(owners, held=True), ready()
    if _keep_in_step(_given(owners, usable), found):
        found = _of(owners, held=True)
    return _reaching(found, owners, usable)


def reached(people: Iterable[models.Model]) -> list[Reach]:
    """The same, only to look at: what is given and not written down yet is among them, not saved."""
    owners, usable = _owners(people), ready()
    found = _of(owners) if owners else []
    there = {(row.owner_type_id, row.owner_id, row.channel) for row in found if row.given}
    found += [
        Reach(0, *key, value, by_default=True, given=True, is_usable=True)
        for key, value in _given(owners, usable).items()
        if key not in there
    ]
    return _reaching(found, owners, usable)


def _owners(people: Iterable[models.Model]) -> Owners:
    return {(ContentType.objects.get_for_model(person).pk, person.pk): person for person in people}


def _given(owners: Owners, usable: dict[str, Channel]) -> dict[tuple[int, Any, str], str]:
    return {
        (*owner, name): value
        for owner, person in owners.items()
        for name, channel in usable.items()
        if (value := channel.given(person)) is not None
    }


def _reaching(found: list[Reach], owners: Owners, usable: dict[str, Channel]) -> list[Reach]:
    return [
        address
        for address in found
        if address.is_usable
        and address.channel in usable
        and is_allowed(usable[address.channel], owners[address.owner_type_id, address.owner_id])
    ]


def is_allowed(channel: Channel, person: Any) -> bool:
    """May this person be reached by the channel? Some take a right."""
    return not channel.rights or bool(getattr(person, "is_active", False) and person.has_perm(channel.rights))


def _of(owners: Iterable[tuple[int, Any]], held: bool = False) -> list[Reach]:
    keys: dict[int, list[Any]] = {}
    for kind, pk in owners:
        keys.setdefault(kind, []).append(pk)
    # By kind, not person by person: SQLite takes no condition of a thousand alternatives.
    by_kind = (Q(owner_type=kind, owner_id__in=pks) for kind, pks in keys.items())
    return list(Address.objects.filter(Q(*by_kind, _connector=Q.OR)).reaches(held))


def _keep_in_step(given: dict[tuple[int, Any, str], str], found: list[Reach]) -> bool:
    """Add the addresses that are given and not there, and change those that are other ones now; was there any?"""
    there = {(row.owner_type_id, row.owner_id, row.channel): row for row in found if row.given}
    new = {key: value for key, value in given.items() if key not in there or there[key].value != value}
    if not new:
        return False
    for row in found:
        # What they had added by hand is what they are known by now.
        if not row.given and new.get((row.owner_type_id, row.owner_id, row.channel)) == row.value:
            leaving.remove(Address.objects.get(pk=row.pk))
    now = timezone.now()
    Address.objects.bulk_create(
        (
            Address(owner_type_id=kind, owner_id=pk, channel=name, value=value, given=True, verified_at=now)
            for (kind, pk, name), value in new.items()
            if (kind, pk, name) not in there
        ),
        ignore_conflicts=True,
    )
    for key in new.keys() & there.keys():
        # That the former one did not work says nothing of this one; that its owner wants none does.
        Address.objects.filter(pk=there[key].pk).update(value=new[key], off_at=None, off_reason="")
    return True


def wake() -> None:
    """Tell the queue that something waits; the database carries the truth.

    A queue in the database is told in the caller's transaction, and any other one once that is committed.
    """
    if settings.Q_CLUSTER.get("orm") and not transaction.get_autocommit():
        _enqueue()
    else:
        transaction.on_commit(_enqueue, robust=True)


def _enqueue() -> None:
    async_task("notifications.jobs.deliver", cluster="default")
