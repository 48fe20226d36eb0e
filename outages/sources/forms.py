"""The form by which a source is connected; it tries address and keys before it keeps them."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings

from agents.clients.uisp import front
from notifications.sealed import Unreadable
from outages.sources.allowed import refusal
from outages.sources.asking import knock
from outages.sources.models import Source

KEYS = ("nms_key", "crm_key")
ANOTHER = "The address is another one: enter the key again."
UNREADABLE = "The key that was stored cannot be read any more: enter it again."


class Key(forms.CharField):
    """A key, which is never shown again."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "off"}, render_value=False)
        super().__init__(required=False, max_length=500, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        """The key; raises ValidationError for what no header could hold."""
        key = str(super().clean(value)).strip()
        if not (key.isascii() and key.isprintable()):
            raise forms.ValidationError("A key is plain letters, digits and signs.")
        return key


class SourceForm(forms.ModelForm):
    """How a UISP is reached, and when what it says counts. A key that is left empty stays as it is."""

    nms_key = Key(
        label="NMS key",
        help_text="For devices, sites and links. In UISP: Settings, Users, App tokens; one that only reads is enough.",
    )
    crm_key = Key(
        label="CRM key",
        help_text="For customers and services. In UISP's CRM: System, Security, App keys, of the type Read.",
    )
    fieldsets = [
        ("Where it is", ["name", "address", "verify_tls"]),
        ("Keys: one of them, or both", KEYS),
        ("When it counts", ["interval", "count"]),
    ]

    class Meta:
        model = Source
        fields = ["name", "address", "verify_tls", *KEYS, "interval", "count"]
        help_texts = {
            "address": "As https://uisp.example.net; with a path only where a front server has given UISP one.",
            "verify_tls": "Turn it off for a UISP with a certificate that it signed itself.",
            "interval": "All devices in one question, 30 s is usual.",
            "count": "What UISP says counts once so many polls in a row say it: the time allowed for that is the count "
            "times the interval, 3 polls of 30 s are 90 s.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = {name: getattr(self.instance, name) for name in KEYS}
        self.origin_before = self.instance.address
        for name in KEYS:
            self.initial.pop(name, None)
            if self.before[name]:
                self.fields[name].help_text += " One is stored; leave this empty to keep it."

    def clean_address(self) -> str:
        """Scheme, name and port, and a front server's path; raises ValidationError for what must not be asked."""
        try:
            found = front(self.cleaned_data["address"].strip())
        except ValueError as wrong:
            raise forms.ValidationError(f"{str(wrong).capitalize()}.") from None
        host = urlsplit(found).hostname or ""
        if why := _refused(host):
            raise forms.ValidationError(f"{host} is not asked: {why}.")
        return found

    def clean(self) -> dict[str, Any]:
        """Try it, where all that it takes is there."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in KEYS:
            if name in cleaned:
                cleaned[name] = cleaned[name] or self._kept(name, cleaned.get("address"))
        if not self.errors and not any(cleaned[name] for name in KEYS):
            self.add_error("nms_key", "Enter a key: this one, the CRM key, or both.")
        if not self.errors:
            for name, fault in knock(
                Source(**{name: cleaned[name] for name in ("address", "verify_tls", *KEYS)})
            ).items():
                self.add_error(name, fault)
        return cleaned

    def _kept(self, name: str, address: str | None) -> str:
        """The stored key; never for another address, which would be given it."""
        kept = self.before[name]
        if isinstance(kept, Unreadable):
            self.add_error(name, UNREADABLE)
        elif kept and address is not None and address != self.origin_before:
            self.add_error(name, ANOTHER)
        return str(kept)


def _refused(host: str) -> str | None:
    """Why an address is not asked that is written with numbers; a name is judged by what it leads to, when asked."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return refusal("127.0.0.1", settings.LOOPBACK) if host == "localhost" else None
    return refusal(host, settings.LOOPBACK)


class AcceptForm(forms.Form):
    """The word that lets a source be followed."""

    ping = forms.BooleanField(
        label="Also ping the devices that answered from here", required=False, initial=True,
        help_text="UISP says whether it has a connection to a device; a ping says whether it can be reached from here.",
    )  # fmt: skip
