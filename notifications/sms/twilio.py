"""Twilio, and whoever speaks as it does: a form posted to /2010-04-01/Accounts/SID/Messages.json."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from notifications.channels.channel import DeliveryError
from notifications.sms.provider import Provider

# https://www.twilio.com/docs/api/errors: numbers that are none, take no SMS, or whose owner said STOP.
THEIR_FAULT = {21211, 21214, 21217, 21265, 21610, 21614, 21635}
# Our account, its password, its sender, its countries: an operator mends that, and the message may still go.
OURS = {20003, 20005, 20429, 21212, 21219, 21266, 21408, 21606, 21608, 21611, 21659, 21660, 30001, 63038}


class Twilio(Provider):
    """Messages by Twilio's API; its base address is a setting, for those who offer the same."""

    label = "Twilio"

    def send(self, to: str, text: str, sender: str) -> str:
        """Post it. Twilio knows no key by which a second try is told from another message."""
        sid = self.options["sid"]
        url = f"{self.options['url']}/2010-04-01/Accounts/{quote(sid, safe='')}/Messages.json"
        # A messaging service (MG...) chooses among its numbers.
        sent_by = {"MessagingServiceSid" if sender.startswith("MG") and len(sender) == 34 else "From": sender}
        answer, body = self.ask(
            "POST", url, data={"To": to, "Body": text, **sent_by}, auth=(sid, self.options["token"])
        )
        said = _read(body)
        if 200 <= answer.status_code < 300:
            return str(said.get("sid") or "")
        raise self._explained(answer, said)

    def _explained(self, answer: Any, said: dict[str, Any]) -> DeliveryError:
        code = said.get("code") if type(said.get("code")) is int else 0
        words = f"(error {code}): {str(said.get('message') or '')[:200]}" if code else ""
        fault = self.refused(answer, words, permanent=code in THEIR_FAULT)
        if code in OURS:
            fault.hopeless = False
        return fault


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
