"""Recipients: who a subscription means, resolved when something happens. The apps declare the kinds in RECIPIENTS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import Q
from django.utils.module_loading import import_string
from django_q.tasks import async_task

from notifications.models import Address


@dataclass(frozen=True)
class RecipientKind:
    """A way to name recipients: a user by pk, everybody of a role. `people(key)` are those who may hear now.

    `because(key)` says to one of them why they hear.
    """

    kind: str
    label: str
    people: Callable[[str], Iterable[models.Model]]
    because: Callable[[str], str]


@cache
def kinds() -> dict[str, RecipientKind]:
    """Every declared kind of recipient."""
    found: list[RecipientKind] = [kind for path in settings.RECIPIENTS for kind in import_string(path)]
    return {kind.kind: kind for kind in found}


def resolve(kind: str, key: str) -> list[models.Model]:
    """The people that (kind, key) means at this moment; nobody where the kind is not declared any more."""
    declared = kinds().get(kind)
    return list(declared.people(key)) if declared else []


def because(kind: str, key: str) -> str:
    """Why the people that (kind, key) means hear of something, in words to one of them."""
    declared = kinds().get(kind)
    return declared.because(key) if declared else "you were subscribed"


def addresses(people: Iterable[models.Model]) -> list[Address]:
    """Where these people are reached; everybody has an inbox."""
    owners = {(ContentType.objects.get_for_model(person).pk, person.pk) for person in people}
    if not owners:
        return []
    theirs = Q(*(Q(owner_type=kind, owner_id=pk) for kind, pk in owners), _connector=Q.OR)
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
