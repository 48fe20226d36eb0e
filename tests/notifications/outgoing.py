"""Deliveries that are over, as the log has them."""

from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.utils import timezone

from config import options
from notifications.models import Address, Attempt, Delivery, Notice
from tests import make

State = Delivery.State


def sent(person=None, number=0, state=State.DONE, channel="email", error="", at=None, **fields):
    """A delivery that is over, with its one try."""
    person, at = person or make.user(), at or timezone.now()
    kind = ContentType.objects.get_for_model(person)
    notice = Notice.objects.create(**{
        "fingerprint": f"{person.pk}-{number}-{Notice.objects.count()}", "event": "outage.opened",
        "object_type": kind, "object_id": person.pk, "recipient_type": kind, "recipient_id": person.pk,
        "text": f"Notice {number}", "due_at": at, "created_at": at,
    } | fields)  # fmt: skip
    address, _ = Address.objects.get_or_create(
        owner_type=kind, owner_id=person.pk, channel=channel, value=f"{channel}-{person.pk}",
        defaults={"verified_at": at},
    )  # fmt: skip
    found = Delivery.by(address, notice, at)
    found.state, found.tries = state, 1
    found.save()
    Attempt.objects.create(delivery=found, started_at=at, ended_at=at + timedelta(seconds=2), error=error)
    return found


def failed(person=None, number=0, **fields):
    return sent(person, number, **({"state": State.FAILED, "error": "550 no such mailbox"} | fields))


def keep_options():
    """Within the next minutes nobody asks for them."""
    cache.set(options.KEY, options.fresh(), 600)


def shown(answer):
    return [line.delivery for line in answer.context["lines"]]
