"""Acknowledging: somebody who was told of something has seen it, and nobody else need be called for it.

A notice can be acknowledged from its own text: by a signed link that works once, and for a week.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.module_loading import import_string

from notifications import audit, house, live
from notifications.channels.channel import is_quick
from notifications.models import Delivery, Notice, Step

LASTS = timedelta(days=7)
SALT = "notifications.acknowledging"


class BadLink(ValueError):
    """No link of ours, or what it was about is no more."""


class Expired(BadLink):
    """A link of ours that is older than a week."""


def is_offered(notice: Notice) -> bool:
    """Is it worth an acknowledgement? Of what is down, and what goes on to others unless somebody answers."""
    worth = (notice.tone == "down" and not notice.is_digest) or notice.escalate_after is not None
    return worth and notice.acked_at is None and notice.withdrawn_at is None and _is_to_staff(notice)


def _is_to_staff(notice: Notice) -> bool:
    return notice.recipient_type_id == ContentType.objects.get_for_model(get_user_model()).pk


def token(notice: Notice) -> str:
    """What lets whoever holds it acknowledge this notice in the name of its recipient."""
    return _signer(notice).sign(str(notice.pk))


def _signer(notice: Notice) -> signing.TimestampSigner:
    # By the notice's own mark: after a restore the same number may be that of another one.
    return signing.TimestampSigner(salt=f"{SALT}.{notice.fingerprint}", sep=".")


def link(notice: Notice) -> str:
    """The full address at which the reader of a notice acknowledges it; empty where that is not on offer."""
    return house.url(reverse("acknowledge", args=[token(notice)])) if is_offered(notice) else ""


def read(given: str) -> Notice:
    """The notice that a link is of, with its recipient; raises BadLink, or Expired."""
    pk = given.partition(".")[0]
    known = pk.isascii() and pk.isdecimal() and len(pk) < 19
    notice = Notice.objects.filter(pk=pk, withdrawn_at=None).first() if known else None
    if notice is None or not _is_to_staff(notice) or not getattr(notice.recipient, "is_active", False):
        raise BadLink
    try:
        _signer(notice).unsign(given, max_age=LASTS)
    except signing.SignatureExpired:
        raise Expired from None
    except (signing.BadSignature, ValueError, OverflowError):
        raise BadLink from None
    return notice


def acknowledge(notice: Notice, by: Any, now: datetime) -> bool:
    """Somebody has seen what a notice tells; whether that is new.

    It marks this notice as acknowledged and read, and with it what else `by` was told of the same object so far; the
    others' notices of it say who acknowledged it. It cancels what is queued about that object: the deliveries to `by`
    that still wait and would make a noise (never that all is well again), the escalations of everybody's notices about
    it, and the deliveries that these had queued. What was sent stays, and so do the others' own first deliveries. The
    hooks in the setting ACKNOWLEDGED are called with the object: an incident becomes acknowledged by them. What happens
    to the object later is told and escalated anew.
    """
    about = Q(object_type_id=notice.object_type_id, object_id=notice.object_id)
    told = Notice.objects.to(by).filter(about & Q(due_at__lte=now) | Q(pk=notice.pk), acked_at=None, withdrawn_at=None)
    with transaction.atomic(), audit.acting(by):
        if not Notice.objects.filter(pk=notice.pk, acked_at=None, withdrawn_at=None).exists():
            return False
        mine = list(told.values_list("pk", flat=True))
        # The object before its notices, as everybody takes them.
        for path in settings.ACKNOWLEDGED if notice.about is not None else ():
            import_string(path)(notice.about, by, now)
        taken(Notice.objects.filter(about), by, now)
        Notice.objects.filter(pk=notice.pk, snoozed_until__isnull=False).update(snoozed_until=None, due_at=now)
        Notice.objects.filter(pk__in=mine).update(acked_at=now, acked_by=by, read_at=Coalesce("read_at", now))
        everybodys = Notice.objects.filter(about).exclude(tone="up")
        _quieten(Delivery.objects.filter(notice__in=everybodys & Notice.objects.to(by)))
        _quieten(Delivery.objects.filter(notice__told_by__notice__in=everybodys))
        live.bump(live.inbox(by.pk))
    return bool(mine)


def taken(notices: models.QuerySet[Notice], by: Any, now: datetime) -> None:
    """In the caller's transaction: somebody takes on what these tell; they go on to nobody, and all of them say so."""
    end(notices, f"{by} acknowledged it", now)
    staff = ContentType.objects.get_for_model(get_user_model())
    worth = Q(tone="down") | Q(escalate_after__isnull=False)
    asked = notices.filter(worth, acked_at=None, withdrawn_at=None, recipient_type=staff).order_by("pk")
    rows = dict(asked.select_for_update(of=("self",)).values_list("pk", "recipient_id"))
    Notice.objects.filter(pk__in=rows).update(acked_at=now, acked_by=by)
    live.bump(*map(live.inbox, rows.values()))


def end(notices: models.QuerySet[Notice], why: str, now: datetime) -> int:
    """In the caller's transaction: these notices go on to nobody else, and what they had queued there is not sent.

    How many had been about to go on.
    """
    going = notices.filter(acked_at=None, escalate_at__isnull=False).order_by("pk")
    rows = list(going.select_for_update(of=("self",)).only("pk", "recipient_type", "recipient_id"))
    if not rows:
        return 0
    keys = [row.pk for row in rows]
    Notice.objects.filter(pk__in=keys).update(escalate_at=None)
    Step.objects.bulk_create(Step(notice_id=pk, kind=Step.Kind.ENDED, at=now, text=why[:200]) for pk in keys)
    climbed = Step.objects.filter(notice__in=keys).exclude(told=None).values("told")
    _quieten(Delivery.objects.filter(notice__in=climbed))
    louder = Step.objects.filter(notice__in=keys, kind=Step.Kind.LOUDER).values("notice")
    _quieten(Delivery.objects.filter(notice__in=louder))
    live.bump(*(live.inbox(row.recipient_id) for row in rows if _is_to_staff(row)))
    return len(rows)


def settled(things: Iterable[models.Model], why: str, now: datetime) -> int:
    """In the caller's transaction: these objects need nobody any more; how many notices were about to go on."""
    return sum(end(Notice.objects.about(thing), why, now) for thing in things)


def _quieten(deliveries: models.QuerySet[Delivery]) -> None:
    """Withdraw those that wait to make a noise; the inbox is told, as ever."""
    waiting = deliveries.filter(state=Delivery.State.WAITING)
    names = waiting.order_by().values_list("channel", flat=True).distinct()
    loud = [name for name in names if name and not is_quick(name)]
    if loud:
        waiting.filter(channel__in=loud).update(state=Delivery.State.WITHDRAWN, leased_until=None, lease="")
