"""The invented customers as UISP CRM shows them: the objects of /clients and /clients/services (CRM API v1.0)."""

from __future__ import annotations

from typing import Any

from agents.simulated.people import Customer
from agents.simulated.uisp_nms import Json, View, service_id, uuid_of

_RESIDENTIAL, _COMPANY = 1, 2
_ACTIVE, _SUSPENDED = 1, 3
_SINCE = "2024-02-01T00:00:00+0000"
_LEADS = ("Leonora Tapscott", "Ephraim Dunleavy")
_FIRST_LEAD = 900_001


def clients(view: View) -> list[Json]:
    """GET /clients without its filters: customers, some leads, one who left."""
    rows = [_client(view, customer) for customer in view.network.customers]
    leads = [_stranger(_FIRST_LEAD + place, name) | {"isLead": True} for place, name in enumerate(_LEADS)]
    gone = _stranger(_FIRST_LEAD + len(leads), "Ottoline Marchbanks") | {"isArchived": True, "isActive": False}
    return [*rows, *leads, gone]


def services(view: View) -> list[Json]:
    """GET /clients/services without its filters."""
    return [_service(view, customer) for customer in view.network.customers]


def dark(view: View, customer: Customer) -> bool:
    """Whether CRM says hasOutage: its devices are not connected to UISP."""
    return view.network.cpe(customer.number).name in view.lost


def _client(view: View, customer: Customer) -> Json:
    number = int(customer.number)
    company = bool(customer.company)
    site = view.sites[view.network.cpe(customer.number).site]
    row = _nobody(number) | {
        "clientType": _COMPANY if company else _RESIDENTIAL,
        "firstName": None if company else customer.given_name,
        "lastName": None if company else customer.family_name,
        "companyName": customer.company or None,
        "companyContactFirstName": customer.given_name if company else None,
        "companyContactLastName": customer.family_name if company else None,
        "street1": customer.street,
        "city": customer.town,
        "fullAddress": f"{customer.street}, {customer.town}",
        "addressGpsLat": site.latitude,
        "addressGpsLon": site.longitude,
        "hasOutage": dark(view, customer),
        "hasSuspendedService": "suspended" in customer.tags,
    }
    name = f"{customer.given_name} {customer.family_name}"
    contact = {"id": number, "clientId": number, "name": name, "email": customer.email, "phone": customer.phone}
    types = [{"id": 1, "name": "Billing"}, {"id": 2, "name": "General"}]
    row["contacts"] = [contact | {"isBilling": True, "isContact": True, "types": types}]
    row["tags"] = [{"id": place + 1, "name": tag} for place, tag in enumerate(customer.tags)]
    return row


def _stranger(number: int, name: str) -> Json:
    first, last = name.split()
    return _nobody(number) | {"firstName": first, "lastName": last}


def _nobody(number: int) -> Json:
    return {
        "id": number,
        "userIdent": str(number),
        "isLead": False,
        "clientType": _RESIDENTIAL,
        "firstName": None,
        "lastName": None,
        "companyName": None,
        "companyContactFirstName": None,
        "companyContactLastName": None,
        "street1": None,
        "street2": None,
        "city": None,
        "countryId": 249,
        "zipCode": None,
        "addressGpsLat": None,
        "addressGpsLon": None,
        "organizationId": 1,
        "organizationName": "The invented ISP",
        "registrationDate": _SINCE,
        "isActive": True,
        "isArchived": False,
        "hasOutage": False,
        "hasSuspendedService": False,
        "hasOverdueInvoice": False,
        "contacts": [],
        "attributes": [],
        "tags": [],
        "note": None,
    }


def _service(view: View, customer: Customer) -> dict[str, Any]:
    cpe = view.network.cpe(customer.number)
    site = view.sites[cpe.site]
    return {
        "id": service_id(customer.number),
        "clientId": int(customer.number),
        "status": _SUSPENDED if "suspended" in customer.tags else _ACTIVE,
        "name": "Internet",
        "servicePlanName": "Business 100" if customer.company else "Home 50",
        "servicePlanType": "Internet",
        "downloadSpeed": 100 if customer.company else 50,
        "uploadSpeed": 20 if customer.company else 10,
        "street1": site.street,
        "street2": None,
        "city": site.town,
        "addressGpsLat": site.latitude,
        "addressGpsLon": site.longitude,
        "hasOutage": dark(view, customer),
        "unmsClientSiteId": uuid_of(view.network, "site", cpe.site),
        "unmsClientSiteStatus": view.status(cpe),
        "activeFrom": _SINCE,
        "activeTo": None,
        "attributes": [],
    }
