"""Addresses that somebody adds: nothing but a code goes there before they have typed the code in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from notifications import recipients
from notifications.channels.channel import Channel, DeliveryError, Parts, named
from notifications.delivery import leaving, pause
from notifications.models import Address, CodeSent

DIGITS = 6
GOOD_FOR = timedelta(minutes=15)
TRIES = 5
# The next code to one address, and how many go out for one person, whatever the addresses.
AGAIN_AFTER = timedelta(minutes=1)
MOST_IN_AN_HOUR = 10
MOST_ADDRESSES = 20
THERE = "You have this address already: it is in the list of your channels."


class Refused(ValueError):
    """This is not done; the text says why, in words to whoever asked."""


def may_add(channel: Channel, person: Any) -> bool:
    """Can this person add an address of the channel?"""
    return bool(channel.fields()) and not channel.lacks() and recipients.is_allowed(channel, person)


def add(owner: Any, name: str, parts: Parts, now: datetime) -> Address:
    """Keep a new address; it is not used before it is verified, where its channel asks for that.

    Raises Refused where its owner has it already or has too many, PermissionDenied where they have no right to it.
    """
    channel = named(name)
    if not may_add(channel, owner):
        raise PermissionDenied
    fields = {"owner": owner, "channel": name, "value": parts.value, "secrets": parts.secrets, "label": parts.label}
    fields["by_default"] = channel.by_default
    try:
        with transaction.atomic():
            known = Address.objects.of(owner).select_for_update().filter(channel=name).values_list("value", flat=True)
            if len(known) >= MOST_ADDRESSES:
                raise Refused(f"You have {MOST_ADDRESSES} of these already: remove one of them first.")
            if parts.value in known:
                raise Refused(THERE)
            return Address.objects.create(**fields, verified_at=None if channel.verifies else now)
    except IntegrityError:
        # The same form was sent twice at the same moment.
        raise Refused(THERE) from None


def begin(owner: Any, name: str, parts: Parts, now: datetime) -> Address:
    """Add an address and send its code; raises Refused or DeliveryError, and then it was not added.

    Where its owner needs a secret to read what comes there, the code waits until they ask for it.
    """
    address = add(owner, name, parts, now)
    if address.verified_at or parts.shown_once:
        return address
    try:
        send_code(address, now)
    except (Refused, DeliveryError):
        leaving.remove(address)
        raise
    return address


def send_code(address: Address, now: datetime) -> None:
    """Send another code by the address's own channel, outside any transaction.

    Raises Refused where none goes, and DeliveryError where it failed.
    """
    if address.verified_at:
        raise Refused("This address is verified already.")
    if pause.is_paused():
        raise Refused("All sending is paused: ask for a code when it goes on.")
    channel = named(address.channel)
    if missing := channel.lacks():
        raise Refused(missing)
    if not recipients.is_allowed(channel, address.owner):
        raise Refused("Your role has no right to this channel any more.")
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    hashed = _claim(address, code, now)
    try:
        channel.tell_code(address, code)
    except DeliveryError:
        # Whoever mended the fault need not wait: no code is out there.
        Address.objects.filter(pk=address.pk, code=hashed).update(code="", code_sent_at=None)
        raise
    finally:
        channel.let_go()


def confirm(address: Address, typed: str, now: datetime) -> None:
    """It is its owner's if this is the code that was sent there; raises Refused, and counts the try before it looks."""
    mine = Address.objects.filter(pk=address.pk, verified_at=None)
    valid = mine.exclude(code="").filter(code_sent_at__gt=now - GOOD_FOR, code_sent_at__lte=now + AGAIN_AFTER)
    if not valid.filter(code_tries__lt=TRIES).update(code_tries=F("code_tries") + 1):
        raise Refused("This code is no longer good: ask for another one.")
    row = mine.first()
    if row is None:
        raise Refused("This address is verified already.")
    digits = "".join(typed.split())
    if not digits.isascii() or not constant_time_compare(row.code, _hashed(row, digits)):
        left = TRIES - row.code_tries
        tries = f"{left} more {'try' if left == 1 else 'tries'}" if left else "ask for another one"
        raise Refused(f"This is not the code that was sent: {tries}.")
    mine.update(verified_at=now, code="", code_tries=0, off_at=None, off_reason="")


def wait(address: Address, now: datetime) -> int:
    """The seconds until another code can be asked for."""
    sent = address.code_sent_at
    return max(0, round((sent + AGAIN_AFTER - now).total_seconds())) if sent and sent <= now else 0


def _claim(address: Address, code: str, now: datetime) -> str:
    """Write the code down before it is sent, and give its hash; raises Refused where too many went out."""
    kind, pk = address.owner_type_id, address.owner_id
    with transaction.atomic():
        theirs = {row.pk: row for row in Address.objects.filter(owner_type=kind, owner_id=pk).select_for_update()}
        if address.pk in theirs and (seconds := wait(theirs[address.pk], now)):
            raise Refused(f"A code was sent just now: another one can be asked for in {seconds} s.")
        CodeSent.objects.filter(at__lt=now - timedelta(days=1)).delete()
        sent = CodeSent.objects.filter(owner_type=kind, owner_id=pk, at__gt=now - timedelta(hours=1))
        if sent.count() >= MOST_IN_AN_HOUR:
            raise Refused(f"{MOST_IN_AN_HOUR} codes were sent within an hour: ask again later.")
        CodeSent.objects.create(owner_type_id=kind, owner_id=pk, at=now)
        hashed = _hashed(address, code)
        Address.objects.filter(pk=address.pk).update(code=hashed, code_sent_at=now, code_tries=0)
        return hashed


def _hashed(address: Address, code: str) -> str:
    # Six digits are soon tried through: the hash is worth nothing without a key that is not in the database.
    return salted_hmac("notifications.verifying", f"{address.pk}:{code}", algorithm="sha256").hexdigest()


def parts_of(channel: Channel, owner: models.Model, data: Mapping[str, Any]) -> Parts:
    """The address that a valid form means, with the label that was typed; raises ValidationError."""
    found = channel.clean(owner, data)
    label = " ".join(str(data.get("label") or "").split()) or found.label
    return Parts(found.value, found.secrets, label[:80], found.shown_once)
