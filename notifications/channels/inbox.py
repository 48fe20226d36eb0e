"""The inbox: a notice is there as soon as it is written; this channel lets the open browsers of its recipient know."""

from __future__ import annotations

from django.db.models import Model

from notifications import live
from notifications.channels.channel import Channel
from notifications.models import Delivery


class Inbox(Channel):
    """The list of notices behind the bell."""

    label = "Inbox"
    icon = "bell"
    explains = "Every notice is in your inbox, whatever else is on."
    quick = True
    loudness = 0
    verifies = False
    stays = True

    def given(self, owner: Model) -> str:
        """Everybody has one; it needs no address."""
        return ""

    def send(self, delivery: Delivery) -> None:
        """Show the notice in every browser that its recipient has open."""
        live.bump(live.inbox(delivery.notice.recipient_id))
