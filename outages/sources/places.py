"""Where things are, and so whose they are: towers are ours, every other place is a customer's. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from agents.clients.uisp_objects import UispClient, UispService, UispSite
from outages.sources.rows import CLIENT, SITE, Answer, Reference

# UISP API v2.1: "site" is a tower or POP, "endpoint" the place of a service; queries know two more names for it.
HOMES = ("endpoint", "client", "subscriber")


class Unclear(LookupError):
    """The source does not say this time."""


class Places:
    """The places, clients and services of an answer, by their ids."""

    def __init__(self, answer: Answer) -> None:
        sites = answer.sites.rows if answer.sites else ()
        self.sites: dict[str, UispSite] = {site.id: site for site in sites}
        self.homes = {site.id: site for site in sites if site.type in HOMES}
        self.bound: dict[int | None, list[str]] = defaultdict(list)
        for home in self.homes.values():
            self.bound[home.crm_service_id].append(home.id)
        self.read_clients = answer.clients is not None
        clients = answer.clients.rows if answer.clients else ()
        self.clients: dict[int, UispClient] = {
            client.id: client for client in clients if not (client.is_lead or client.is_archived)
        }
        self.left = {client.id for client in clients} - self.clients.keys()
        # Some clients could not be read: one who is missed may be among them.
        faults = answer.clients.faults if answer.clients else ()
        self.unread = any(fault.dropped and fault.id not in self.clients for fault in faults)
        self.services: dict[int, list[UispService]] = defaultdict(list)
        self.at: dict[str, list[UispService]] = defaultdict(list)
        for service in answer.services.rows if answer.services else ():
            self.services[service.client_id].append(service)
            if service.site_id:
                self.at[service.site_id].append(service)

        self.homes_of: dict[int | None, list[str]] = defaultdict(list)
        for place in self.homes:
            self.homes_of[self.client_at(place)].append(place)

    def tower(self, site_id: str) -> Reference | None:
        """The tower with this id, None for a customer's place or none; raises Unclear for one that is not listed."""
        if site_id and site_id not in self.sites:
            raise Unclear(site_id)
        return (SITE, site_id) if site_id and site_id not in self.homes else None

    def owner(self, site_id: str) -> Reference | None:
        """Whose a place is, None for a tower of ours or nobody's; raises Unclear where it is not said this time."""
        client = self.client_at(site_id)
        if client is not None:
            return self._known(client)
        if site_id and site_id not in self.sites:
            raise Unclear(site_id)
        return (SITE, site_id) if site_id in self.homes else None

    def client_at(self, site_id: str) -> int | None:
        """The id of the client of a place: as the place says, or else the service that is delivered there."""
        home = self.homes.get(site_id)
        if home is not None and home.crm_client_id is not None:
            return home.crm_client_id
        delivered = self.at.get(site_id, ()) if site_id else ()
        return delivered[0].client_id if delivered else None

    def _known(self, client: int) -> Reference | None:
        """The client; nobody where it has left, or is not served yet. Without a key for CRM, places speak for it."""
        if self.read_clients and client not in self.clients:
            if self.unread and client not in self.left:
                raise Unclear(str(client))
            return None
        return CLIENT, str(client)

    def unbound(self) -> Iterator[UispSite]:
        """The customers' places that speak for their customer themselves."""
        for home in self.homes.values():
            client = self.client_at(home.id)
            if client is None or not self.read_clients:
                yield home

    def disagreements(self) -> Iterator[str]:
        """Places of which two tellers say different owners, in words."""
        for home in self.homes.values():
            others = {service.client_id for service in self.at.get(home.id, ())} - {home.crm_client_id}
            if home.crm_client_id is not None and others:
                said = ", ".join(map(str, sorted(others)))
                name = home.name or home.id
                yield f"{name} is of client {home.crm_client_id}, a service there of client {said}: the first counts."
