"""A client of UISP: its network (NMS, UISP API v2.1) and its customers (CRM API v1.0). It only ever reads."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from agents.clients import uisp_objects
from agents.clients.faults import FaultKind, UpstreamFault
from agents.clients.http import LARGEST, Endpoint, get_json, origin
from agents.clients.shapes import Fields, RowError, RowReader, Rows, RowT
from agents.clients.uisp_objects import UispClient, UispDevice, UispLink, UispService, UispSite

_NMS, _CRM = "/nms/api/v2.1", "/crm/api/v1.0"
_NMS_HEADER, _CRM_HEADER = "x-auth-token", "X-Auth-App-Key"
_PAGE = 500
_MOST_PAGES = 1000


@dataclass(frozen=True)
class Uisp:
    """One UISP. Each question may raise UpstreamFault; then nothing is known of any device.

    `url` is where staff open UISP, see `front`. ValueError if it, or a key, cannot be. `seconds` is for
    one answer as a whole, `ends` (monotonic seconds) is when all that is asked has to be there, `refuse` says why an
    IP address is not to be asked. The objects of NMS come in one answer each, those of CRM in pages.
    """

    url: str
    nms_key: str = field(repr=False)
    crm_key: str = field(default="", repr=False)
    verify_tls: bool = True
    seconds: float = 60.0
    connect_seconds: float = 10.0
    largest: int = LARGEST
    page: int = _PAGE
    ends: float | None = None
    refuse: Callable[[str], str | None] | None = field(default=None, compare=False)
    # By which CRM may know its key, the one that it took last before the other.
    _crm_headers: list[str] = field(
        default_factory=lambda: [_CRM_HEADER, _NMS_HEADER], init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        self._endpoint(_NMS, _NMS_HEADER, self.nms_key)
        self._endpoint(_CRM, _CRM_HEADER, self.crm_key)

    def devices(self) -> Rows[UispDevice]:
        """All devices, those of third parties included."""
        return self._nms("/devices", "devices", uisp_objects.device, ("identification", "id"))

    def sites(self) -> Rows[UispSite]:
        """All towers and all places of customers, with the CRM objects they belong to."""
        path = ("identification", "id")
        return self._nms("/sites", "sites", uisp_objects.site, path, {"ucrmDetails": "true"})

    def data_links(self) -> Rows[UispLink]:
        """What is connected with what."""
        return self._nms("/data-links", "data-links", uisp_objects.link, ("id",))

    def clients(self) -> Rows[UispClient]:
        """All customers that are neither leads nor archived."""
        return self._crm("/clients", "clients", uisp_objects.client, {"lead": 0, "isArchived": 0})

    def services(self) -> Rows[UispService]:
        """What the customers have."""
        return self._crm("/clients/services", "services", uisp_objects.service, {})

    def nms_version(self) -> str:
        """The version of NMS: the cheapest proof that address and key are right."""
        return _version(get_json(self._endpoint(_NMS, _NMS_HEADER, self.nms_key), "/nms/version"))

    def crm_version(self) -> str:
        """The version of CRM, likewise."""
        return _version(self._crm_json("/version"))

    def _nms(
        self,
        path: str,
        what: str,
        read: Callable[[Fields], RowT],
        id_path: Sequence[str],
        parameters: dict[str, Any] | None = None,
    ) -> Rows[RowT]:
        reader = RowReader(what, read, id_path)
        reader.add(get_json(self._endpoint(_NMS, _NMS_HEADER, self.nms_key), path, parameters))
        return reader.done()

    def _crm(self, path: str, what: str, read: Callable[[Fields], RowT], parameters: dict[str, Any]) -> Rows[RowT]:
        reader = RowReader(what, read, ("id",))
        for page in self._pages(path, parameters):
            reader.add(page)
        return reader.done()

    def _pages(self, path: str, parameters: dict[str, Any]) -> Iterator[Any]:
        """The pages of a list. CRM API v1.0 gives no total, and nothing forbids a server to cap `limit`.

        So the end is an empty page, or one shorter than what was asked and than the page before.
        """
        offset, before, last = 0, self.page, None
        for _ in range(_MOST_PAGES):
            page = self._crm_json(path, {**parameters, "limit": self.page, "offset": offset})
            # Only a server that ignores the offset says the same twice.
            if page == [] or page == last:
                return
            yield page
            if offset and len(page) < before:
                return
            offset, before, last = offset + len(page), len(page), page
        raise UpstreamFault(FaultKind.TOO_LARGE, f"{front(self.url)}{_CRM}{path} has more than {_MOST_PAGES} pages")

    def _crm_json(self, path: str, parameters: dict[str, Any] | None = None) -> Any:
        """What CRM answers. Some take a key in the header of NMS alone: who refuses one is asked by the other."""
        header, other = self._crm_headers
        try:
            return get_json(self._endpoint(_CRM, header, self.crm_key), path, parameters)
        except UpstreamFault as refused:
            if refused.kind is not FaultKind.UNAUTHORISED:
                raise
            first = refused
        try:
            answer = get_json(self._endpoint(_CRM, other, self.crm_key), path, parameters)
        except UpstreamFault as fault:
            raise first if fault.kind in (FaultKind.UNAUTHORISED, FaultKind.FORBIDDEN) else fault from None
        self._crm_headers.reverse()
        return answer

    def _endpoint(self, base: str, header: str, key: str) -> Endpoint:
        return Endpoint(
            front(self.url) + base,
            header,
            key,
            self.verify_tls,
            self._left(),
            self.connect_seconds,
            self.largest,
            self.refuse,
        )

    def _left(self) -> float:
        """The seconds that the next answer may take; UpstreamFault when there are none left."""
        if self.ends is None:
            return self.seconds
        left = round(self.ends - time.monotonic(), 2)
        if left <= 0:
            raise UpstreamFault(FaultKind.TIMEOUT, f"{origin(self.url)} has not answered everything in time")
        return min(self.seconds, left)


def front(address: str) -> str:
    """Where the paths of UISP begin; ValueError if it is no address.

    That is its root, or behind a front server a path of its own. What follows /nms or /crm is a page or an API.
    """
    root = origin(address)
    own = re.split(r"/(?:nms|crm)(?:/|$)", urlsplit(address).path, maxsplit=1)[0]
    return root + own.rstrip("/")


def _version(answer: Any) -> str:
    try:
        return Fields(answer).needed_text("version")
    except RowError as error:
        raise UpstreamFault(FaultKind.SHAPE, f"version: {error}") from None
