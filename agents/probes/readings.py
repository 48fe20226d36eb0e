"""What every probe takes and gives: plain values, no Django, usable by the remote agent as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol


class ProbeError(Exception):
    """The probe could not ask at all (no permission, no route of our own): nothing is known of any target."""


class UpstreamError(ProbeError):
    """A source, asked for many targets at once, did not give what was asked.

    `kind` is a word for the sort of fault ("time-out"), `retry_after` how many seconds it wants to be left alone.
    """

    def __init__(self, kind: str, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.kind, self.retry_after = kind, retry_after


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to ask: `key` comes back in its Reading; `options` are the probe's own (a TCP port, say)."""

    key: int
    address: str
    options: Mapping[str, Any] = field(default_factory=dict)
    tries: int = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """What came back from one target.

    `up` is None where nothing is known. `asked_at` is epoch seconds (UTC) of the first question, `ms` the
    round trip in milliseconds of the answer, `message` a short reason in words when the target is not up.
    """

    key: int
    up: bool | None
    asked_at: float
    ms: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One whole number that a probe wants to be told (a port), with its bounds, for the form of a check."""

    name: str
    label: str
    minimum: int
    maximum: int
    default: int | None = None


class Probe(Protocol):
    """A way of looking. A new one is a file in this folder and a line in the setting PROBES.

    One with `of_source = True` asks a source for all its targets at once, instead of their addresses.
    """

    label: ClassVar[str]
    options: ClassVar[Sequence[Option]]
    try_seconds: ClassVar[float]

    def probe(self, targets: Sequence[Target]) -> list[Reading]:
        """Ask every target, with its tries: one Reading each. Raises ProbeError, never for a dead device."""
        ...
