"""API tokens: who may ask the API in somebody's name, for what, and until when. Only a token's hash is kept."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models, transaction
from knox.models import AbstractAuthToken, AuthTokenManager

from notifications import audit

# Seldom enough that a busy program does not turn every look into a write.
USED_EVERY = timedelta(minutes=1)


class Tokens(AuthTokenManager.from_queryset(models.QuerySet)):  # type: ignore[misc]
    """The vocabulary of tokens; `create` returns the row and the token itself."""

    def running(self, now: datetime) -> Any:
        """Those that open the API at this time."""
        return self.filter(expiry__gt=now)


class Token(AbstractAuthToken):
    """A key to the API in the name of its user, who may lose it: it ends by itself, and with the user."""

    class Scope(models.TextChoices):
        """What may be done with it, within what its user may do."""

        READ = "read", "Read only"
        WRITE = "write", "Read and write"

    name = models.CharField(max_length=60)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.READ)
    used_at = models.DateTimeField(null=True, editable=False)
    # What pages call it by: the key of the row is the hash.
    handle = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    objects: ClassVar = Tokens()

    class Meta:
        ordering = ["-created", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def may_write(self) -> bool:
        """May anything be changed with it?"""
        return self.scope == self.Scope.WRITE


def make(user: Any, name: str, scope: str, days: int) -> str:
    """A new token of this user for so many days: the text itself, which nobody sees again."""
    with transaction.atomic():
        row, text = Token.objects.create(user, expiry=timedelta(days=days), name=name, scope=scope)
        audit.note("token_made", f"{name}: {row.get_scope_display().lower()}, for {days} days", user)
    return str(text)


def of(user: Any, now: datetime) -> list[Token]:
    """The tokens of this user that still open the API, the newest first."""
    return list(Token.objects.running(now).filter(user=user))


def revoke(token: Token) -> None:
    """End a token at once."""
    with transaction.atomic():
        Token.objects.filter(pk=token.pk).delete()
        audit.note("token_revoked", token.name, token.user)


def used(token: Token, now: datetime) -> None:
    """Write down that it was used, at most once a minute."""
    if token.used_at is None or now - token.used_at >= USED_EVERY:
        Token.objects.filter(pk=token.pk).update(used_at=now)
