"""How a source answers: what each poll leaves in its row, and the words for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from outages.spans import in_words

# What is wrong, where it did not answer (agents.clients.faults names the kinds).
REASONS = {
    "refused": "it cannot be reached",
    "time-out": "no answer in time",
    "slow": "it takes longer to answer than it has until the next poll",
    "unauthorised": "the key is not accepted",
    "forbidden": "the key may not read what is needed",
    "missing": "this is not the address of its API",
    "throttled": "it wants to be asked less often",
    "server": "it reports a fault of its own",
    "tls": "its certificate or its TLS is not in order",
    "not JSON": "it sends something that is not JSON",
    "wrong shape": "its answer has another shape than it should",
    "too large": "its answer is too large",
    "settings": "it cannot be asked as it is set up",
    "ours": "a fault of Towerwatch itself",
}
MALFORMED = ("not JSON", "wrong shape", "too large")


class Polled(models.Model):
    """What is asked again and again, and may be silent."""

    class State(models.TextChoices):
        """How it answers."""

        NEW = "new", "Not asked yet"
        WORKS = "works", "Answers"
        FAULTY = "faulty", "Does not answer"

    state = models.CharField(max_length=10, choices=State, default=State.NEW, editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    fault_kind = models.CharField(max_length=20, blank=True, editable=False)
    fault = models.CharField(max_length=300, blank=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)
    # It asked to be left alone until then (Retry-After).
    not_before = models.DateTimeField(null=True, editable=False)
    # The last poll, and the moment for which one out of turn was wished.
    asked_at = models.DateTimeField(null=True, editable=False)
    ask_at = models.DateTimeField(null=True, editable=False)
    # The fault of now, or the last one: how many polls in a row it failed, when it began, when staff were told of it.
    failed_polls = models.PositiveIntegerField(default=0, editable=False)
    faulty_from = models.DateTimeField(null=True, editable=False)
    told_at = models.DateTimeField(null=True, editable=False)
    # What the next summary in the log will say.
    polls = models.JSONField(default=dict, editable=False)

    if TYPE_CHECKING:
        name: str
        kind: str

        def get_kind_display(self) -> str: ...  # noqa: D102

    class Meta:
        abstract = True

    @property
    def since(self) -> datetime | None:
        """Since when it has been as it is."""
        return self.state_since

    @property
    def is_silent(self) -> bool:
        """Does a fault go on of which staff were told?"""
        return self.state == self.State.FAULTY and self.told_at is not None

    @property
    def is_over(self) -> bool:
        """Need nobody be called for it any more?"""
        return not self.is_silent

    @property
    def is_malformed(self) -> bool:
        """Does it answer, but nothing that can be read?"""
        return self.fault_kind in MALFORMED

    @property
    def called(self) -> str:
        """Its name, with what it is."""
        sort = self.get_kind_display()
        return self.name if sort.casefold() in self.name.casefold() else f"{sort} {self.name}"

    @property
    def complaint(self) -> str:
        """What is wrong, since when, and why, in one sentence."""
        what = "has sent nothing that can be read" if self.is_malformed else "has not answered"
        return f"{self.called} {what} since {_clock(self.faulty_from)}: {REASONS.get(self.fault_kind, self.fault)}"

    @property
    def relief(self) -> str:
        """That it is back, and how long it was away."""
        if not (self.faulty_from and self.state_since):
            return f"{self.called} answers again"
        return f"{self.called} answers again after {in_words(self.faulty_from, self.state_since)}"


def _clock(at: datetime | None) -> str:
    """The time of day; with its date where that is another one than today's."""
    if at is None:
        return "the beginning"
    local, today = timezone.localtime(at), timezone.localtime().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%a %-d %b %H:%M}"
