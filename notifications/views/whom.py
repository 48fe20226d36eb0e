"""Whom a page of subscriptions is about: oneself, or somebody else for who may see to others."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from notifications import recipients
from notifications.recipients import Recipient
from notifications.terms import OTHERS

Choices = list[tuple[str, list[tuple[str, str]]]]


def own(request: HttpRequest) -> Recipient:
    """How subscriptions of whoever asks name them."""
    return recipients.PERSON, str(request.user.pk)


def allow(request: HttpRequest, to: Recipient) -> None:
    """One's own are everybody's to change; those of others need the right to."""
    if to != own(request) and not request.user.has_perm(OTHERS):
        raise PermissionDenied


def others(request: HttpRequest, *kinds: str) -> Choices:
    """Whom else one may choose for, by kind (of these kinds alone, where some are named)."""
    if not request.user.has_perm(OTHERS):
        return []
    groups = [(kind, kind.choices()) for kind in recipients.kinds().values() if not kinds or kind.kind in kinds]
    mine = f"{recipients.PERSON}:{request.user.pk}"
    named = [(kind.label, [(f"{kind.kind}:{key}", name) for key, name in choices]) for kind, choices in groups]
    return [(label, [choice for choice in choices if choice[0] != mine]) for label, choices in named]


def chosen(request: HttpRequest, people: Choices, value: str | None = None) -> Recipient:
    """Whom this value ("user:3"; None: what the query names by `for`) means, or oneself; raises Http404 for nobody."""
    value = request.GET.get("for", "") if value is None else value
    if not value or value == ":".join(own(request)):
        return own(request)
    if not request.user.has_perm(OTHERS):
        raise PermissionDenied
    if value not in {choice for _, choices in people for choice, _ in choices}:
        raise Http404
    kind, _, key = value.partition(":")
    return kind, key


def person_of(request: HttpRequest, to: Recipient) -> Any:
    """The one whom a recipient means; None where it means many, or nobody any more."""
    if to == own(request):
        return request.user
    return next(iter(recipients.resolve(*to)), None) if to[0] == recipients.PERSON else None
