"""Any gateway that takes a message by HTTP: the operator says where, and in which fields the number and the text go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from notifications.sms.provider import Provider

# Only these stand for something; every other brace is what it is.
TOKEN = re.compile(r"\{(to|text|sender|digits)\}")


class Gateway(Provider):
    """A request with the tokens {to}, {digits} (without the plus), {text} and {sender} filled in; 2xx is success."""

    label = "The SMS gateway"

    def send(self, to: str, text: str, sender: str) -> str:
        """Ask it; the id is not known, for every gateway writes its own."""
        values = {"to": to, "digits": to.removeprefix("+"), "text": text, "sender": sender}
        fields = filled(self.options["fields"], values)
        headers = filled(self.options["headers"], values)
        by = {"form": {"data": fields}, "json": {"json": fields}, "query": {"params": fields}}
        answer, _ = self.ask(self.options["method"], self.options["url"], headers=headers, **by[self.options["as"]])
        if not 200 <= answer.status_code < 300:
            raise self.refused(answer)
        return ""


def filled(fields: Mapping[str, str], values: Mapping[str, str]) -> dict[str, Any]:
    """The fields with each token replaced by its value, once: a text that holds a token stays as it is."""
    return {name: TOKEN.sub(lambda found: values[found[1]], value) for name, value in fields.items()}
