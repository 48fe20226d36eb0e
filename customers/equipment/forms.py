"""Forms of equipment, and what its list can be narrowed by."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_interface
from typing import Any

from django import forms

from customers.equipment.models import Equipment, Kind, State, bare_mac
from customers.fields import Day, ListFilter, Tags, WholeForm
from customers.people.forms import sites_to_choose
from customers.people.models import Customer, Site
from customers.type_ahead import ByName

MAC = re.compile(r"[0-9a-f]{12}")


class Address(forms.CharField):
    """An IP address, in its shortest form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=60, **kwargs)

    def clean(self, value: Any) -> str | None:
        """The address; None for an empty text; raises ValidationError for what nothing could be asked at."""
        text = super().clean(value)
        if not text:
            return None
        try:
            address = ip_address(text)
        except ValueError:
            raise forms.ValidationError(self._why_not(text)) from None
        if isinstance(address, IPv6Address) and address.scope_id:
            raise forms.ValidationError("Write the address without % and what follows it.")
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255":
            raise forms.ValidationError(f"{address} is not the address of one device.")
        return str(address)

    def _why_not(self, text: str) -> str:
        try:
            return f"Write the address alone: {ip_interface(text).ip}, without the / and what follows it."
        except ValueError:
            return f"“{text[:60]}” is not an IP address, such as 10.0.0.5 or 2001:db8::5."


class Mac(forms.CharField):
    """A MAC address, written in any of the usual ways."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label="MAC", required=False, max_length=40, **kwargs)

    def clean(self, value: Any) -> str:
        """The MAC as aa:bb:cc:dd:ee:ff; raises ValidationError for what is none."""
        text = str(super().clean(value))
        bare = bare_mac(text)
        if text and (not MAC.fullmatch(bare) or bare in ("0" * 12, "f" * 12)):
            raise forms.ValidationError("A MAC has twelve digits of 0 to 9 and a to f, such as 48:a9:8a:01:02:03.")
        return ":".join(bare[at : at + 2] for at in range(0, len(bare), 2))


class EquipmentForm(WholeForm):
    """One device and its place in the network; `initial` may name its place by primary keys, as a query does."""

    mac = Mac()
    address = Address(label="IP address", help_text="Where it is looked for, such as 10.0.0.5.")
    uplink = ByName(
        Equipment.objects.current().select_related("customer"), "equipment", "equipment_choices", required=False,
        label="Hangs on", help_text="The device that connects it to the rest; type a name, an address or a MAC.",
    )  # fmt: skip
    site = ByName(Site.objects.current(), "site", "site_choices", required=False, help_text="Where it stands.")
    customer = ByName(
        Customer.objects.current(), "customer", "customer_choices", required=False,
        help_text="Whom it serves, if it is one customer's; type a name, a number or a street.",
    )  # fmt: skip
    warranty_until = Day(help_text="The last day on which it is repaired or replaced for nothing.")
    tags = Tags()
    fieldsets = [
        ("", ["name", "kind", "address", "mac"]),
        ("Its place", ["uplink", "site", "customer"]),
        ("What it is", ["vendor", "model", "serial", "warranty_until"]),
        ("For us", ["tags", "notes"]),
    ]

    class Meta:
        model = Equipment
        fields = [
            "name", "kind", "address", "mac", "uplink", "site", "customer",
            "vendor", "model", "serial", "warranty_until", "tags", "notes",
        ]  # fmt: skip
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}
        help_texts = {"kind": "A CPE stands at one customer's: when it fails alone, only who asked for it is told."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("uplink", "site", "customer"):
            self.fields[name].kept = getattr(self.instance, f"{name}_id")  # type: ignore[attr-defined]

    def clean_address(self) -> str | None:
        """An address belongs to one current device."""
        return self._only_here("address")

    def clean_mac(self) -> str:
        """A MAC belongs to one current device."""
        return self._only_here("mac") or ""

    def _only_here(self, name: str) -> str | None:
        value: str | None = self.cleaned_data[name]
        others = Equipment.objects.current().exclude(pk=self.instance.pk)
        other = others.filter(**{name: value}).first() if value else None
        if other:
            raise forms.ValidationError(f"{other} has {value} already.")
        return value


class EquipmentFilter(ListFilter):
    """What the list of equipment can be narrowed by."""

    state = forms.ChoiceField(required=False, choices=[("", "Any state"), *State.choices])
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), ("network", "All but CPEs"), *Kind.choices])
    site = forms.ModelChoiceField(Site.objects.none(), required=False, empty_label="Any site")
    uplink = forms.ModelChoiceField(Equipment.objects.all(), required=False, widget=forms.HiddenInput)
    field_order = ["q", "state", "kind", "site", "tag", "archived", "uplink"]
    example = "Name, address, MAC, model, customer"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites_to_choose(self.data.get("site", ""))  # type: ignore[attr-defined]

    def narrow_more(self, rows: Any, chosen: dict[str, Any]) -> Any:
        """By state, kind and place."""
        if chosen.get("kind") == "network":
            rows = rows.network()
        elif chosen.get("kind"):
            rows = rows.filter(kind=chosen["kind"])
        exact = {name: chosen[name] for name in ("state", "site", "uplink") if chosen.get(name)}
        return rows.filter(**exact)
