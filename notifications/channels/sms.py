"""SMS: a notice as a text message, by the provider that the operator chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse

from notifications import acknowledging, house
from notifications.channels.channel import Channel, Parts
from notifications.models import Address, Delivery, Notice
from notifications.sms import provider, segments, wording

WANTED = "Write a number with its country code, such as {example}."
# Whoever calls or texts these pays more than a call costs.
DEAR = {
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
    phonenumbers.PhoneNumberType.SHARED_COST,
    phonenumbers.PhoneNumberType.UAN,
}


class Sms(Channel):
    """A text message. No provider knows a second try by anything, so that one may arrive twice after a crash."""

    label = "SMS"
    icon = "message"
    explains = (
        "A text message to a mobile phone, for when there is no data connection. Each one costs money, so a number "
        "gets only what names SMS, and whatever is called on because nobody acknowledged, until you make it a default."
    )
    loudness = 3
    by_default = False

    def lacks(self) -> str:
        """Who carries it is said in the environment."""
        return provider.lacks()

    def fields(self) -> dict[str, forms.Field]:
        """A number."""
        hint = f"With its country code, such as {example()}; without one it is taken for a number in {region()}."
        widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"})
        return {"number": forms.CharField(label="Mobile number", max_length=40, help_text=hint, widget=widget)}

    def clean(self, owner: Model, data: Mapping[str, Any]) -> Parts:
        """The number in E.164."""
        try:
            return Parts(e164(data["number"]))
        except ValueError as fault:
            raise ValidationError({"number": str(fault)}) from None

    def tell_code(self, address: Address, code: str) -> None:
        """A message of one segment, in the form that phones offer to fill in."""
        words = segments.plain(f"{code} is your code for {house.PRODUCT}. It is good for 15 minutes.")
        provider.send(address.value, words)

    def cost(self, notice: Notice) -> str:
        """How many segments it is charged as."""
        return str(segments.count(text(notice)))

    def send(self, delivery: Delivery) -> None:
        """Hand it over to the provider; raises DeliveryError."""
        provider.send(delivery.to.value, text(delivery.notice))


def text(notice: Notice) -> str:
    """The notice in as few segments as it goes into, with the ways back and to acknowledge it where there is room."""
    link = reverse("notice_short", args=[notice.pk]) if notice.pk and notice.link else notice.link or "/"
    line = wording.line(notice.text, house.url(link))
    way = acknowledging.link(notice) if notice.pk else ""
    longer = f"{line} Ack: {way}"
    return longer if way and segments.count(longer).segments == segments.count(line).segments else line


def e164(number: str) -> str:
    """A number as the world writes it, such as +12015550123; raises ValueError with words for its form."""
    try:
        found = phonenumbers.parse(number, region())
    except phonenumbers.NumberParseException:
        found = None
    if found is None or found.extension or not phonenumbers.is_valid_number(found):
        raise ValueError(WANTED.format(example=example()))
    if phonenumbers.number_type(found) in DEAR:
        raise ValueError("No messages are sent to numbers that cost more than others.")
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))


def region() -> str:
    """The country that numbers without a code are of, by its two letters."""
    return str(settings.SMS["region"])


def example() -> str:
    """A number of that country that is nobody's."""
    found = phonenumbers.example_number_for_type(region(), phonenumbers.PhoneNumberType.MOBILE)
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(found, form)) if found else "+1 201 555 0123"
