"""A channel that nothing knows but the settings of a test."""

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse

from notifications.channels.channel import Channel, DeliveryError, Parts
from notifications.models import Address


class Toy(Channel):
    """A pigeon."""

    label = "Pigeon"
    icon = "feather"
    explains = "A bird that knows the way."
    loudness = 3
    renews = "Another ring"
    codes: list[tuple[str, str]] = []
    flown: list[tuple[str, str]] = []
    fault = ""

    def fields(self):
        return {"loft": forms.CharField(label="Loft", help_text="Where it sleeps.", max_length=50)}

    def clean(self, owner, data):
        if data["loft"] == "sea":
            raise ValidationError({"loft": "Pigeons cannot swim."})
        return Parts(data["loft"], secrets="ring-1")

    def tell_code(self, address, code):
        if self.fault:
            raise DeliveryError(self.fault)
        self.codes.append((address.value, code))

    def renew(self, address, now):
        address.secrets = "ring-2"
        address.save(update_fields=["secrets"])
        return "ring-2"

    def cost(self, notice):
        return "1 pea"

    def send(self, delivery):
        self.flown.append((delivery.to.value, delivery.notice.text))


def add(client, **data):
    return client.post(reverse("channel_add", args=["toy"]), {"loft": "North", **data})


def mine(client):
    return Address.objects.get(channel="toy", owner_id=client.user.pk)


def typed(client, code, address=None):
    return client.post(reverse("channel_code", args=[(address or mine(client)).pk]), {"code": code})
