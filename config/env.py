"""Start-up values from the environment: each is checked at once, and a bad one stops the start with one clear line."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit

from environ import Env

T = TypeVar("T")


class BadValue(ValueError):
    """A value that cannot be used; its text says what would be."""


def leave(why: str) -> NoReturn:
    """End the process with status 2 and one line."""
    print("towerwatch: " + " ".join(why.split()), file=sys.stderr)
    sys.exit(2)


def stop(name: str, value: str, why: str) -> NoReturn:
    """Leave with a line that names the variable, its value and the fault."""
    leave(f"{name}={value!r} cannot be used: {why}")


def masked(value: str) -> str:
    """An address without what stands before its host, where a password would be."""
    scheme, slashes, rest = value.partition("://")
    return f"{scheme}{slashes}***@{rest.rpartition('@')[2]}" if "@" in rest else value


def read(name: str, default: T, parse: Callable[[str], T]) -> T:
    """The variable `name` as `parse` understands it; `default` where it is unset or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        return parse(value)
    except BadValue as fault:
        stop(name, masked(value), str(fault))


def text(name: str, default: str = "") -> str:
    """The variable as it stands."""
    return read(name, default, str)


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of a few words, in capitals."""

    def parse(value: str) -> str:
        if value.upper() not in choices:
            raise BadValue(f"it must be one of {', '.join(choices)}")
        return value.upper()

    return read(name, default, parse)


def number(name: str, default: int, minimum: int, maximum: int) -> int:
    """A whole number within its bounds, both included."""

    def parse(value: str) -> int:
        try:
            found = int(value)
        except ValueError:
            found = minimum - 1
        if not minimum <= found <= maximum:
            raise BadValue(f"it must be a whole number from {minimum} to {maximum}")
        return found

    return read(name, default, parse)


def flag(name: str, default: bool) -> bool:
    """Yes or no, in the usual spellings."""
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

    def parse(value: str) -> bool:
        if value.lower() not in words:
            raise BadValue("it must be yes or no")
        return words[value.lower()]

    return read(name, default, parse)


def both(first: str, second: str) -> tuple[str, str]:
    """Two variables that only work together; empty where neither is set."""
    found = text(first), text(second)
    if any(found) and not all(found):
        given, missing = (first, second) if found[0] else (second, first)
        leave(f"{given} needs {missing} beside it")
    return found


def limits(name: str, known: Collection[str]) -> dict[str, int]:
    """Whole numbers by name, such as "sms=30,email=600"; every name is one of those known."""

    def parse(value: str) -> dict[str, int]:
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        found = {key.strip(): number.strip() for key, _, number in pairs}
        if found.keys() - set(known) or not all(number.isdecimal() and int(number) for number in found.values()):
            raise BadValue(f"it must be as {next(iter(known))}=60, with names out of {', '.join(known)}")
        return {key: int(number) for key, number in found.items()}

    return read(name, {}, parse)


def names(name: str, default: list[str]) -> list[str]:
    """A list separated by commas."""
    return read(name, default, lambda value: [part.strip() for part in value.split(",") if part.strip()])


def address(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """A URL with a host, of one of the schemes; without a slash at its end."""

    def parse(value: str) -> str:
        try:
            parts = urlsplit(value)
            fits = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise BadValue(f"it must be {' or '.join(f'{scheme}://HOST[:PORT]' for scheme in schemes)}")
        return value.rstrip("/")

    return read(name, default, parse)


def database(name: str, default: Path) -> dict[str, object]:
    """A database by URL (sqlite:///FILE or postgres://USER:PASSWORD@HOST:PORT/NAME) as Django wants it."""

    def parse(value: str) -> dict[str, object]:
        if value.split(":", 1)[0] not in ("sqlite", "postgres", "postgresql"):
            raise BadValue("it must begin with sqlite:/// or postgres://")
        try:
            found: dict[str, object] = Env.db_url_config(value)
        except ValueError:
            # The library's own words may quote a part of the password.
            raise BadValue("it must be sqlite:///FILE or postgres://USER:PASSWORD@HOST:PORT/NAME") from None
        if found.get("NAME") in (None, "", ":memory:"):
            raise BadValue("it names no database that several processes could share")
        return found

    return read(name, {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default)}, parse)


def folder(name: str, default: Path) -> Path:
    """A folder that only its owner may read; made where it is missing."""
    place = read(name, default, lambda value: Path(value).expanduser().resolve())
    before = os.umask(0o077)
    try:
        place.mkdir(parents=True, exist_ok=True)
        _close_to_others(name, place, ours=place == default or (place / "secret_key").exists())
    except OSError as fault:
        stop(name, str(place), fault.strerror or "it is no folder")
    finally:
        os.umask(before)
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        stop(name, str(place), "this user may not write there")
    return place


def _close_to_others(name: str, place: Path, ours: bool) -> None:
    # A folder with somebody else's files in it (/tmp, a home) must not lose its mode by a slip of the keyboard.
    if not place.stat().st_mode & 0o077:
        return
    if not ours and any(place.iterdir()):
        stop(name, str(place), "others can read it, and it is not empty: name another folder, or chmod 700 this one")
    place.chmod(0o700)


def secret(name: str, file: Path) -> str:
    """The variable, or a secret that is made once and kept in `file` (mode 0600)."""
    given = os.environ.get(name, "").strip()
    if given:
        return given
    try:
        if not file.exists():
            _keep(secrets.token_urlsafe(50), file)
        kept = file.read_text().strip()
    except OSError as fault:
        stop(name, "", f"{file}: {fault.strerror}")
    return kept or stop(name, "", f"{file} is empty: remove it")


def _keep(value: str, file: Path) -> None:
    """Write a file whole or not at all; of several processes that try at once the first one's stays."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "w") as out:
        out.write(value)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
