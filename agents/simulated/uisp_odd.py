"""The oddities that real UISP servers show, put into the rows of the invented one."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

from agents.simulated.uisp_crm import clients, services
from agents.simulated.uisp_nms import Json, View, devices, sites, stamp

_NOT_SENT = ("signal", "uptime", "cpu", "ram", "lastSeen", "outageScore", "frequency")


def odd_devices(view: View, *, interfaces: bool = False) -> list[Any]:
    """Addresses with a prefix, nulls wherever nothing is connected, an unplaced one, a clock ahead, twins, no ids."""
    rows = devices(view, interfaces=interfaces)
    twin, nameless, bare = deepcopy(rows[-1]), deepcopy(rows[0]), deepcopy(rows[0])
    for row in rows:
        row["ipAddress"] += "/24"
        if row["overview"]["status"] == "disconnected":
            _empty(row)
    rows[1]["identification"]["site"] = None
    rows[2]["overview"]["lastSeen"] = stamp(view.now + timedelta(hours=2))
    rows[3]["meta"]["maintenance"] = True
    # The twin contradicts the row that it repeats.
    twin["identification"]["status"] = twin["overview"]["status"] = "disconnected"
    nameless["identification"]["id"] = None
    del bare["identification"]
    return [*rows, twin, nameless, bare, None]


def odd_sites(view: View, *, crm: bool = False) -> list[Json]:
    """Towers whose status is unknown, and a site without an id."""
    rows = sites(view, crm=crm)
    for row in rows:
        if row["identification"]["type"] == "site":
            row["identification"]["status"] = row["description"]["deviceListStatus"] = "unknown"
    lost = deepcopy(rows[-1])
    lost["id"] = lost["identification"]["id"] = None
    return [*rows, lost]


def odd_clients(view: View) -> list[Json]:
    """A company with nobody's name, a client without contacts, one without any name, a twin, one without an id."""
    rows = clients(view)
    company = next((row for row in rows if row["clientType"] == 2), rows[0])
    company |= {"clientType": 2, "companyName": company["companyName"] or "Nameless and Sons"}
    company |= {"companyContactFirstName": None, "companyContactLastName": None, "firstName": None, "lastName": None}
    rows[-4]["contacts"] = []
    nobody = deepcopy(rows[0]) | {"id": 800_001, "userIdent": None, "contacts": None, "tags": None}
    nobody |= {"clientType": 1, "firstName": None, "lastName": None, "companyName": None}
    return [*rows, nobody, deepcopy(rows[0]), deepcopy(rows[0]) | {"id": None}]


def odd_services(view: View) -> list[Json]:
    """A client with two services of which one is out, a service whose client is missing, one without a place."""
    rows = services(view)
    second = deepcopy(rows[0]) | {"id": 700_001, "hasOutage": not rows[0]["hasOutage"], "unmsClientSiteId": None}
    return [*rows, second, deepcopy(rows[0]) | {"id": 700_002, "clientId": None}]


def _empty(row: Json) -> None:
    row["overview"] |= dict.fromkeys(_NOT_SENT)
    row |= {"attributes": None, "uplinkDevice": None, "location": None, "interfaces": None}
    row["meta"] = {"maintenance": None}
