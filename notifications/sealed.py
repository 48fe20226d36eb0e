"""Secrets at rest: the keys and passwords of other systems, worthless in the database without a key that lies outside.

The key is in the environment (SEAL_KEY) or in a file of VAR, and in no backup. Several, separated by commas, allow a
change of key: the first one seals, all of them open.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class Unreadable(str):
    """Empty to whoever reads it; saved again it is still the secret that no key of today opens."""

    sealed: str

    def __new__(cls, sealed: str) -> Unreadable:
        """Nothing to read, and what is sealed in it."""
        made = super().__new__(cls, "")
        made.sealed = sealed
        return made


class SealedField(models.TextField):
    """A text that is encrypted in the database; it cannot be searched for."""

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """The text, or an Unreadable where the key is another one than it was sealed with."""
        if not value:
            return value
        try:
            return unseal(value)
        except InvalidToken:
            return Unreadable(value)

    def get_prep_value(self, value: Any) -> Any:
        """What the database keeps."""
        if isinstance(value, Unreadable):
            return value.sealed
        text = super().get_prep_value(value)
        return seal(text) if text else text


def seal(text: str) -> str:
    """A secret as it may lie in the database."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret again; raises cryptography.fernet.InvalidToken where no key of today opens it."""
    return _box().decrypt(sealed.encode()).decode()


@cache
def _box() -> MultiFernet:
    # Whatever the operator chose as a key has the length that Fernet wants once it is hashed.
    hashed = (hashlib.sha256(key.strip().encode()).digest() for key in settings.SEAL_KEYS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in hashed])
