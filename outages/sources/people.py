"""Who the customers of a source are: CRM's clients, and places of the network that no client is bound to. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from agents.clients.shapes import Fields
from agents.clients.uisp_objects import UispClient, UispContact, UispService, UispSite
from customers.words import digits
from outages.sources.rows import CLIENT, SITE, Row, cut

# CRM API v1.0, status of a service; any other, and it is not (or not any more) what the client has.
ACTIVE, SUSPENDED = 1, 3
GENERAL = "General"


def of_client(client: UispClient, services: Sequence[UispService]) -> Row:
    """A client as a customer, with those to talk to."""
    reached = sorted(client.contacts, key=lambda one: not one.general)
    mail = next((email for one in reached if (email := email_of(one.email))), "")
    phone = next((number for one in reached if (number := phone_of(one.phone))), "")
    values: dict[str, Any] = names(client) | {
        "account": cut(client.number, 40),
        "email": mail,
        "phone": phone,
        "street": cut(client.street, 200),
        "town": cut(client.city, 100),
        "suspended": suspended(client, services),
    }
    # A person's own contact is the customer's e-mail and phone already.
    others = reached if client.company else reached[1:]
    contacts = [found for one in others if (found := contact(one, client))]
    return Row(CLIENT, str(client.id), shown(values), values, contacts=list(dict.fromkeys(contacts)))


def names(client: UispClient) -> dict[str, str]:
    """Never empty: a person without a name is called by the number, or as CRM counts."""
    fields = Fields(client.raw)
    first, last = fields.text("firstName"), fields.text("lastName")
    company = fields.text("companyName")
    if client.company:
        first = fields.text("companyContactFirstName") or first
        last = fields.text("companyContactLastName") or last
    if not (first or last or company):
        last = client.number or f"Client {client.id}"
    kept = company if client.company or not (first or last) else ""
    return {"given_name": cut(first, 80), "family_name": cut(last, 80), "company_name": cut(kept, 160)}


def shown(values: dict[str, str]) -> str:
    """The name as lists show it."""
    person = f"{values['given_name']} {values['family_name']}".strip()
    company = values["company_name"]
    return f"{company} ({person})" if company and person else company or person


def suspended(client: UispClient, services: Sequence[UispService]) -> bool:
    """Cut off on purpose; not who has one service suspended and another one that runs."""
    states = {service.status for service in services}
    return client.suspended and not {ACTIVE, SUSPENDED} <= states


def current(service: UispService) -> bool:
    """Does the client have it now, and does it come over the network?"""
    return service.status in (ACTIVE, SUSPENDED, None) and Fields(service.raw).text("servicePlanType") != GENERAL


def contact(one: UispContact, client: UispClient) -> tuple[str, str, str] | None:
    """Name, e-mail and phone of somebody to talk to; None where nobody could be reached."""
    mail, phone = email_of(one.email), phone_of(one.phone)
    name = cut(one.name or client.contact_name or mail or phone, 160)
    return (name, mail, phone) if mail or phone else None


def email_of(text: str) -> str:
    """An e-mail address; "" for what is none."""
    found = text.strip()
    try:
        validate_email(found)
    except ValidationError:
        return ""
    return found if len(found) <= 254 else ""


def phone_of(text: str) -> str:
    """A phone number; "" for what nobody could dial."""
    return cut(text, 40) if len(digits(text)) >= 3 else ""


def of_place(site: UispSite) -> Row:
    """The place of a customer whom no CRM tells of."""
    fields = Fields(site.raw)
    client = site.crm_client_id
    name = (fields.text("ucrm", "client", "name") if client else "") or site.name
    name = name or (f"Client {client}" if client else f"Customer {site.id[:8]}")
    values: dict[str, Any] = {
        # Which of its words is a first name, nothing says.
        "given_name": "",
        "family_name": cut(name, 80) if len(name) <= 80 else "",
        "company_name": "" if len(name) <= 80 else cut(name, 160),
        "email": email_of(fields.text("description", "contact", "email")),
        "phone": phone_of(fields.text("description", "contact", "phone")),
        "street": cut(site.address, 200),
        "suspended": site.suspended,
    }
    return Row(CLIENT if client else SITE, str(client) if client else site.id, shown(values), values)


def of_places(sites: Iterable[UispSite]) -> Iterator[Row]:
    """The customers of places, each once; suspended where all of their places are."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for site in sites:
        row = of_place(site)
        found[row.key].append(row)
    for rows in found.values():
        rows[0].values["suspended"] = all(row.values["suspended"] for row in rows)
        yield rows[0]


def is_lead(site: UispSite) -> bool:
    """Is its client nobody whom we serve yet?"""
    return Fields(site.raw).flag("ucrm", "client", "isLead") is True
