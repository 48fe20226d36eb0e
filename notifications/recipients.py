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
    """Where these people are reached; everybody has an inbox."""
    owners = {(ContentType.objects.get_for_model(person).pk, person.pk) for person in people}
    if not owners:
        return []
    kinds_of_owner = {kind for kind, _ in owners}
    # By kind, not person by person: SQLite takes no condition of a thousand alternatives.
    by_kind = (Q(owner_type=kind, owner_id__in=[pk for of, pk in owners if of == kind]) for kind in kinds_of_owner)
    theirs = Q(*by_kind, _connector=Q.OR)
    found = list(Address.objects.usable().filter(theirs))
    inboxes = {(a.owner_type_id, a.owner_id) for a in found if a.channel == "inbox"}
    missing = [Address(owner_type_id=kind, owner_id=pk, channel="inbox") for kind, pk in owners - inboxes]
    if missing:
        Address.objects.bulk_create(missing, ignore_conflicts=True)
        found = list(Address.objects.usable().filter(theirs))
    return found


def wake() -> None:
    """Once the transaction is in the database, tell the queue that something waits; the database carries the truth."""
    transaction.on_commit(lambda: async_task("notifications.jobs.deliver", cluster="default"), robust=True)
