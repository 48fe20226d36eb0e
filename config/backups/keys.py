"""The two secret keys, which are in no backup: to keep them apart, and to have them again on another machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.conf import settings

from config import options
from notifications.channels.browsers import CHANNEL as BROWSERS
from notifications.models import Address, PushKey
from notifications.sealed import SealedField, Unreadable, unseal

FILES = {"SECRET_KEY": "secret_key", "SEAL_KEY": "seal_key"}
MOST_NAMES = 5


class Refused(Exception):
    """The keys cannot be written or taken; the text says why."""


def mark() -> str:
    """What tells the keys in use from others, and tells nothing of them."""
    return hashlib.sha256(f"{settings.SECRET_KEY}\n{','.join(settings.SEAL_KEYS)}".encode()).hexdigest()[:16]


def are_kept() -> bool:
    """Were the keys of today ever written to a file?"""
    return options.fresh().keys_kept == mark()


def write(to: Path) -> None:
    """Write both keys into a new file that only its owner may read, as lines for the environment. Raises Refused."""
    text = f"SECRET_KEY={settings.SECRET_KEY}\nSEAL_KEY={','.join(settings.SEAL_KEYS)}\n"
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{to} is there already: name a new file") from None
    except OSError as fault:
        raise Refused(f"{to}: {fault.strerror}") from None
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    options.change(keys_kept=mark())


def take(file: Path) -> None:
    """Put the keys of such a file where the next start finds them. Raises Refused, and then changes nothing."""
    found = _read(file)
    given = [name for name in FILES if os.environ.get(name, "").strip() not in ("", found[name])]
    if given:
        raise Refused(f"{' and '.join(given)} in the environment say otherwise: leave them out, or the file")
    for name, kept in FILES.items():
        draft = Path(settings.VAR) / f".{kept}"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(found[name])
        draft.replace(Path(settings.VAR) / kept)


def _read(file: Path) -> dict[str, str]:
    try:
        lines = [line.strip().partition("=") for line in file.read_text().splitlines() if "=" in line]
    except (OSError, ValueError) as fault:
        raise Refused(f"{file}: {getattr(fault, 'strerror', None) or 'it is no text'}") from None
    found = {name: value.strip() for name, _, value in lines if name in FILES and value.strip()}
    if missing := FILES.keys() - found.keys():
        raise Refused(f"{file} does not hold {' and '.join(sorted(missing))}: it was not written by manage.py keys")
    return found


def unreadable() -> Iterator[str]:
    """Each secret in the database that the keys of today do not open, in words: whoever knows it enters it anew."""
    for model in apps.get_models():
        sealed = [field for field in model._meta.concrete_fields if isinstance(field, SealedField)]
        for field in sealed:
            rows = model._base_manager.exclude(**{field.name: ""}).iterator(chunk_size=500)
            lost = [row for row in rows if isinstance(getattr(row, field.attname), Unreadable)]
            for kind, some in _by_kind(model, lost).items():
                yield f"{kind}{_named(some)}: {field.verbose_name}"


def _by_kind(model: Any, lost: list[Any]) -> dict[str, list[Any]]:
    """What they are called: addresses by their channels, for of each the secret comes back in another way."""
    found: dict[str, list[Any]] = {}
    for row in lost:
        name = f"{row.channel} address" if model is Address else str(model._meta.verbose_name)
        found.setdefault(name, []).append(row)
    return found


def _named(rows: list[Any]) -> str:
    # What has no name of its own may be an address of which nobody should read, or one of thousands.
    names = [f"“{row}”" for row in rows[:MOST_NAMES] if hasattr(row, "name")]
    more = f" and {len(rows) - len(names)} more" if names and len(rows) > len(names) else ""
    return f" {', '.join(names)}{more}" if names else f" ({len(rows)}){_owners(rows)}"


def _owners(rows: list[Any]) -> str:
    """Who has to add them anew; browsers do so by themselves."""
    theirs = [row for row in rows if isinstance(row, Address) and row.channel != BROWSERS]
    names = sorted({str(row.owner) for row in theirs if row.owner is not None})
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f" of {', '.join(names[:MOST_NAMES])}{more}" if names else ""


def drop_lost() -> list[str]:
    """Take off what no key of today opens and nobody could enter anew; what that was, in words.

    A second factor like that keeps its owner out, and a key for push like that keeps a new one from being made.
    """
    lost = [row for row in Authenticator.objects.select_related("user") if not _opens(row)]
    Authenticator.objects.filter(pk__in=[row.pk for row in lost]).delete()
    said = [f"the second factor of {name}" for name in sorted({str(row.user) for row in lost})]
    push = [row.pk for row in PushKey.objects.all() if isinstance(row.private, Unreadable)]
    if push:
        PushKey.objects.filter(pk__in=push).delete()
        said.append("the key for push: each browser is registered anew by whoever signs in with it")
    return said


def _opens(row: Authenticator) -> bool:
    sealed = row.data.get("secret") or row.data.get("seed")
    try:
        return not sealed or bool(unseal(sealed))
    except InvalidToken:
        return False
