"""Addresses: where a channel reaches somebody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import ExpressionWrapper, Q

from notifications.sealed import SealedField


class Addresses(models.QuerySet["Address"]):
    """The vocabulary of addresses."""

    def usable(self) -> Addresses:
        """Those that may be sent to."""
        return self.filter(off_at=None, wanted=True, verified_at__isnull=False)

    def reaches(self, held: bool = False) -> Iterator[Reach]:
        """These as what says whether and how they reach somebody.

        Where they are `held` nobody removes one until the caller's transaction ends: else whoever saves something, of
        which it is told there, would lose what they save.
        """
        # Asked of the database: a time takes longer to read than all the rest.
        usable = Q(wanted=True, off_at=None, verified_at__isnull=False)
        rows = self.annotate(is_usable=ExpressionWrapper(usable, models.BooleanField())).values_list(*Reach._fields)
        if not held or connection.vendor != "postgresql":
            return (Reach(*row) for row in rows)
        sql, values = rows.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} FOR KEY SHARE", values)
            return iter([Reach(*row) for row in cursor.fetchall()])

    def of(self, owner: models.Model) -> Addresses:
        """Those of one recipient."""
        return self.filter(owner_type=ContentType.objects.get_for_model(owner), owner_id=owner.pk)


class Address(models.Model):
    """Where a channel reaches a recipient: a user, or whoever else the apps declare.

    `wanted` is its owner's choice; `off_at` says since when it does not work, and `off_reason` why. What a channel
    needs besides `value`, and nobody may see, is in `secrets`. One that is `given` is there without being asked for,
    and follows what its owner is known by, as an account's e-mail address does.
    """

    owner_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    owner_id = models.PositiveBigIntegerField()
    owner = GenericForeignKey("owner_type", "owner_id")
    channel = models.CharField(max_length=20)
    value = models.CharField(max_length=1000, blank=True)
    secrets = SealedField(blank=True)
    label = models.CharField(max_length=80, blank=True)
    given = models.BooleanField(default=False)
    since = models.DateTimeField(auto_now_add=True)
    wanted = models.BooleanField(default=True)
    # One of its owner's defaults, by which they hear of what names no channel.
    by_default = models.BooleanField(default=True)
    # Since when it is known to be theirs; where a channel asks for a code (kept hashed), nothing is sent before.
    verified_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=128, blank=True)
    code_sent_at = models.DateTimeField(null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    off_at = models.DateTimeField(null=True, blank=True)
    off_reason = models.CharField(max_length=300, blank=True)

    objects = Addresses.as_manager()

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(fields=["owner_type", "owner_id", "channel", "value"], name="address_once"),
            # Whoever signs in to a browser last is the one whom it tells.
            models.UniqueConstraint(fields=["value"], condition=Q(channel="webpush"), name="browser_once"),
        ]

    def __str__(self) -> str:
        # Behind the question mark of a webhook there may be a key.
        return self.label or f"{self.channel} {self.value.partition('?')[0]}".strip()

    @property
    def is_usable(self) -> bool:
        """May it be sent to?"""
        return self.wanted and self.off_at is None and self.verified_at is not None


class Reach(NamedTuple):
    """Of an address what says whether and how it reaches somebody: three hundred of them are read in a moment."""

    pk: int
    owner_type_id: int
    owner_id: int
    channel: str
    value: str
    by_default: bool
    given: bool
    is_usable: bool


class CodeSent(models.Model):
    """A code was sent for somebody: so many in an hour are too many. Kept for a day (see verifying.py)."""

    owner_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    owner_id = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["owner_type", "owner_id", "at"], name="code_sent_for")]

    def __str__(self) -> str:
        return f"{self.at:%F %T}"


class PushKey(models.Model):
    """The key with which this installation signs what it sends to browsers (see push_key.py)."""

    ONLY = 1

    private = SealedField()
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"made {self.made_at:%F %T}"
