"""Forms of customers, contacts and sites, and what their lists can be narrowed by."""

from __future__ import annotations

from typing import Any

from django import forms

from customers.fields import ListFilter, Phone, Tags, WholeForm
from customers.people.models import Contact, Customer, Site, Sites
from customers.type_ahead import ByName


class CustomerForm(WholeForm):
    """A person, or a company with the name of its contact."""

    phone = Phone()
    tags = Tags()
    fieldsets = [
        ("", ["given_name", "family_name", "company_name"]),
        ("How to reach them", ["phone", "email", "street", "town"]),
        ("For us", ["account", "suspended", "tags", "notes"]),
    ]

    class Meta:
        model = Customer
        fields = [
            "given_name", "family_name", "company_name", "phone", "email", "street", "town",
            "account", "suspended", "tags", "notes",
        ]  # fmt: skip
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}
        help_texts = {"company_name": "Only for a company; the person above is then its contact."}

    def clean_account(self) -> str:
        """An account number belongs to one current customer."""
        account: str = self.cleaned_data["account"]
        others = Customer.objects.current().exclude(pk=self.instance.pk)
        other = others.filter(account__iexact=account).first() if account else None
        if other:
            raise forms.ValidationError(f"{other} has this account number.")
        return account

    def clean(self) -> dict[str, Any]:
        """A customer has a name of some kind."""
        found = super().clean() or {}
        names = ("given_name", "family_name", "company_name")
        if not any(found.get(name) for name in names) and not any(name in self.errors for name in names):
            self.add_error("family_name", "Write a name: of a person here, or of a company below.")
        return found


class ContactForm(WholeForm):
    """Somebody to talk to."""

    phone = Phone()

    class Meta:
        model = Contact
        fields = ["name", "duty", "phone", "email"]


class SiteForm(WholeForm):
    """A place, ours or a customer's."""

    customer = ByName(
        Customer.objects.current(), "customer", "customer_choices", required=False,
        help_text="Whose premises these are; type a name, a number or a street.",
    )  # fmt: skip
    tags = Tags()
    fieldsets = [
        ("", ["name", "kind", "customer"]),
        ("Where it is", ["street", "town", "latitude", "longitude"]),
        ("For us", ["tags", "notes"]),
    ]

    class Meta:
        model = Site
        fields = ["name", "kind", "customer", "street", "town", "latitude", "longitude", "tags", "notes"]
        widgets = {
            "notes": forms.Textarea(attrs={"rows": 4}),
            "latitude": forms.TextInput(attrs={"inputmode": "text"}),
            "longitude": forms.TextInput(attrs={"inputmode": "text"}),
        }
        help_texts = {
            "latitude": "Degrees, north is positive: 46.8721.",
            "longitude": "Degrees, east is positive: -113.994.",
            "notes": "How one gets in: keys, gates, whom to call.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].kept = self.instance.customer_id  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Premises are somebody's; a place on the map has both its numbers."""
        found = super().clean() or {}
        if found.get("kind") == Site.Kind.PREMISES and not found.get("customer") and "customer" not in self.errors:
            self.add_error("customer", "Say whose premises these are.")
        for given, missing in (("latitude", "longitude"), ("longitude", "latitude")):
            if found.get(given) is not None and found.get(missing) is None and missing not in self.errors:
                self.add_error(missing, f"Give the {missing} too, or neither.")
        return found


def sites_to_choose(chosen: str) -> Sites:
    """Our own sites, few enough for a list; and the one that is chosen already, whatever it is."""
    ours = Site.objects.current().network()
    return ours | Site.objects.filter(pk=chosen) if chosen.isdecimal() and len(chosen) < 19 else ours


class CustomerFilter(ListFilter):
    """What the list of customers can be narrowed by."""

    state = forms.ChoiceField(
        required=False, choices=[("", "Any state"), ("down", "Down"), ("up", "Up"), ("unknown", "Unknown"),
                                 ("suspended", "Suspended")],
    )  # fmt: skip
    kind = forms.ChoiceField(
        required=False, choices=[("", "Any kind"), ("company", "Companies"), ("person", "Persons")]
    )
    site = forms.ModelChoiceField(Site.objects.none(), label="Served from", required=False, empty_label="Any site")
    field_order = ["q", "state", "kind", "site", "tag", "archived"]
    example = "Name, phone, street, account"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites_to_choose(self.data.get("site", ""))  # type: ignore[attr-defined]

    def narrow_more(self, rows: Any, chosen: dict[str, Any]) -> Any:
        """By state, by what they are, and by the site that serves them."""
        if chosen.get("state") == "suspended":
            rows = rows.filter(suspended=True)
        elif chosen.get("state"):
            rows = rows.filter(state=chosen["state"], suspended=False)
        if chosen.get("kind"):
            rows = rows.exclude(company_name="") if chosen["kind"] == "company" else rows.filter(company_name="")
        if chosen.get("site"):
            rows = rows.filter(pk__in=chosen["site"].equipment.current().customers_served().values("pk"))
        return rows


class SiteFilter(ListFilter):
    """What the list of sites can be narrowed by."""

    kind = forms.ChoiceField(
        required=False, choices=[("", "Towers and POPs"), *Site.Kind.choices, ("all", "All, with premises")]
    )
    field_order = ["q", "kind", "tag", "archived"]
    example = "Name or address"

    def narrow_more(self, rows: Any, chosen: dict[str, Any]) -> Any:
        """By kind; customers' premises are many, and shown when they are asked for."""
        kind = chosen.get("kind")
        if not kind and not chosen.get("q"):
            return rows.network()
        return rows.filter(kind=kind) if kind and kind != "all" else rows
